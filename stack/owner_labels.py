"""The labels that say whose a stack is."""

from __future__ import annotations

import pulumi

from stack.owner import ENVIRONMENT, OWNER


def owner_labels(owner: str) -> dict[str, str]:
    """The owner and the stack's name, or nothing without an owner."""
    return {OWNER: owner, ENVIRONMENT: pulumi.get_stack()} if owner else {}
