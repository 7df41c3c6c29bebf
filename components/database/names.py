"""Names of a database's objects."""


def database_name(app: str) -> str:
    """Returns the name of all objects of the application's database."""
    return f"{app}-db"


def backup_name(app: str) -> str:
    """Returns the name of other objects of the backup: its keys and its network policy."""
    return f"{database_name(app)}-backup"
