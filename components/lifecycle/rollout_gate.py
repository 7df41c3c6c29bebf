"""A resource that records in the stack's state which pods were rolled out."""

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
    """Creates a resource whose dependents wait until all pods of the workload match `pods`.

    If `pods` differs from the recorded value, the engine runs `hook`, which waits. If the hook
    fails, the state does not change, and the next `up` runs it again.
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
