"""Pulumi's names of resources."""


def name_in_program(name: str, namespace: str) -> str:
    """Returns the name of an object's resource in the program, NAME.NAMESPACE.

    With another namespace, the object becomes another resource: Pulumi creates it first and deletes
    the previous one last. Generated names of Kubernetes objects begin with this name and may
    contain dots.
    """
    return f"{name}.{namespace}"
