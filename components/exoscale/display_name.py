"""The name of the stack at Exoscale."""

from __future__ import annotations

import pulumi


def display_name(*parts: str) -> str:
    """Returns the project's name, the stack's name and `parts`, joined with dashes.

    Only for names and descriptions that Exoscale shows. Changes of it don't update existing
    objects, so that a stack can be renamed. The engine generates names of the same form
    (`Pulumi.yaml`, `pulumi:autonaming`).
    """
    return "-".join((pulumi.get_project(), pulumi.get_stack(), *parts))
