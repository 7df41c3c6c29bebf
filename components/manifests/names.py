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


def is_generated(found: str, name: str, namespace: str) -> bool:
    """Returns whether `found` is a name that the Kubernetes plugin has generated for an object.

    It is the resource's name, a hyphen and eight hexadecimal digits (pulumi/pulumi-kubernetes,
    `provider/pkg/metadata/naming.go`). Resources of an earlier version of the program had no
    namespace in their names.

    Args:
        name: the name of the resource, without the namespace.
    """
    resource, _, digits = found.rpartition("-")
    is_of_it = resource in (name, name_in_program(name, namespace))
    return is_of_it and re.fullmatch("[0-9a-f]{8}", digits) is not None
