"""The outputs that a stack has of its last run, while the next one is under way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.runtime import invoke_async


async def last_outputs() -> Mapping[str, Any]:
    """Returns this stack's outputs; none before its first run, nor what can't be decrypted."""
    stack = (pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack())
    found = await invoke_async("pulumi:pulumi:readStackOutputs", {"name": "/".join(stack)})
    outputs: Mapping[str, Any] = (found or {}).get("outputs") or {}
    return outputs
