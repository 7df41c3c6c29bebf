"""A resource that remembers in the stack's state which pods were rolled out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pulumi


def create_rollout_gate(
    name: str,
    pods: Mapping[str, Any],
    hook: pulumi.ResourceHook,
    workload: pulumi.Resource,
    parent: pulumi.Resource | None,
) -> pulumi.Stash:
    """What depends on the gate waits until all pods of the workload are those of `pods`.

    Where these are others than it remembers, the hook looks. If it fails, the state does not
    change: the next `up` looks again.
    """
    return pulumi.Stash(
        f"{name}-rollout",
        input=pulumi.Output.json_dumps(pods).apply(_digest),
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[workload],
            hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook]),
        ),
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
