"""What the stack is called where Exoscale shows it."""

from __future__ import annotations

import pulumi


def display_name(*parts: str) -> str:
    """The project's and the stack's name, then `parts`.

    It is only for what Exoscale shows, and a change of it changes nothing that is there: a stack
    can be renamed. Names that the engine makes are made alike (`Pulumi.yaml`, `pulumi:autonaming`).
    """
    return "-".join((pulumi.get_project(), pulumi.get_stack(), *parts))
