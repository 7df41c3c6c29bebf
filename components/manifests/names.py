"""Names of resources in the program."""


def name_in_program(name: str, namespace: str) -> str:
    """The name of an object's resource in the program.

    An object in another namespace is another resource: it is created first, and the one before is
    deleted last. Kubernetes' generated names begin with this one, and may have dots.
    """
    return f"{name}.{namespace}"
