"""Values of the labels that name the owner of a stack."""

from __future__ import annotations

import pulumi

from stack.owner import ENVIRONMENT, OWNER


def owner_labels(owner: str) -> dict[str, str]:
    """Returns labels with the owner and the stack's name, or no labels without an owner."""
    return {OWNER: owner, ENVIRONMENT: pulumi.get_stack()} if owner else {}
