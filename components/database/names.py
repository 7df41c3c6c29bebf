"""Names of a database's objects."""


def database_name(app: str) -> str:
    """The name of all objects of the application's database."""
    return f"{app}-db"


def backup_name(app: str) -> str:
    """The name of what else the database's backup has: its keys, its pods' policy."""
    return f"{database_name(app)}-backup"
