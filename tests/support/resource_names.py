"""Names of resources in the program."""


def without_namespace(kind: str, name: str) -> str:
    """The name of an application's object without its namespace; any other name as it is."""
    return name.partition(".")[0] if kind.startswith("kubernetes:") else name
