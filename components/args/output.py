"""Outputs of resources, told from other values without loading Pulumi."""

from __future__ import annotations

import sys

SHOWN = "[output]"
"""An output in a message. Its value is not known."""


def is_output(value: object) -> bool:
    """Whether a value is an output. Without Pulumi loaded there is none."""
    pulumi = sys.modules.get("pulumi")
    return pulumi is not None and isinstance(value, pulumi.Output)
