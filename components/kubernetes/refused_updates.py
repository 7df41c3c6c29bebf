"""Updates that can't be, refused before the first change, in the preview too."""

from __future__ import annotations

import pulumi


class RefusedUpdate(Exception):
    """What the user reads: the object, what can't be changed, and what can be done."""


def before_update(name: str, check: pulumi.ResourceHookFunction) -> pulumi.ResourceHookBinding:
    """A hook that runs `check` before an update in place and before its preview."""
    hook = pulumi.ResourceHook(name, check, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_update=[hook])
