"""The outputs of a stack's last run, available during the next run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.runtime import invoke_async


async def last_outputs() -> Mapping[str, Any]:
    """Returns this stack's outputs, except those that can't be decrypted; none in the first run."""
    stack = (pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack())
    found = await invoke_async("pulumi:pulumi:readStackOutputs", {"name": "/".join(stack)})
    outputs: Mapping[str, Any] = (found or {}).get("outputs") or {}
    return outputs
