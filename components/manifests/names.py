"""Pulumi's names of resources, and the names that it generates for objects."""

from __future__ import annotations

import re


def name_in_program(name: str, namespace: str) -> str:
    """Returns the name of an object's resource in the program, NAME.NAMESPACE.

    With another namespace, the object becomes another resource: Pulumi creates it first and deletes
    the previous one last. Generated names of Kubernetes objects begin with this name and may
    contain dots.
    """
    return f"{name}.{namespace}"


def without_suffix(found: str, namespace: str) -> str | None:
    """Returns the name of the resource, without the namespace, of an object with a generated name.

    Such a name is the resource's name, a hyphen and eight hexadecimal digits
    (pulumi/pulumi-kubernetes, `provider/pkg/metadata/naming.go`). Resources of an earlier version
    of the program had no namespace in their names. Returns None if the name is not generated.
    """
    resource, _, digits = found.rpartition("-")
    if re.fullmatch("[0-9a-f]{8}", digits) is None:
        return None
    return resource.removesuffix(name_in_program("", namespace))


def is_generated(found: str, name: str, namespace: str) -> bool:
    """Returns whether `found` is a name that the Kubernetes plugin has generated for an object.

    Args:
        name: the name of the resource, without the namespace.
    """
    return without_suffix(found, namespace) == name
