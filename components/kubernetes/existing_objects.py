"""Objects that somebody has made by hand before the program makes them.

Server-side apply takes over what is there under the same name: `pulumi destroy` then removes it. So
the preview looks at what the API server would make of each new object, and refuses one that is
there, or says that it is adopted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

PATCH_FORCE = {"pulumi.com/patchForce": "true"}
"""Fields that another manager has written, such as kubectl, become the program's.

Source: pulumi/pulumi-kubernetes, annotation `pulumi.com/patchForce`.
"""

OWN_MANAGERS = "pulumi-kubernetes"
"""What the provider's field managers begin with: an object with one is no other hand's."""


class AlreadyThere(Exception):
    """What the user reads: the object, who made it, and what can be done."""


def look_for_existing(name: str, *, adopt: bool, advice: str) -> pulumi.ResourceHookBinding:
    """A hook for new objects, in the preview.

    Args:
        name: tells the hook from others.
        adopt: objects that are there are named, and not refused.
        advice: what can be done about one that is there.
    """

    def look(args: pulumi.ResourceHookArgs) -> None:
        found = existing(args.new_outputs) if pulumi.runtime.is_dry_run() else None
        if not found:
            return
        told = f"{args.type.rpartition(':')[2]} {found}"
        if not adopt:
            raise AlreadyThere(f"{told}: {advice}")
        pulumi.info(f"{told}: it is adopted, and `pulumi destroy` will remove it")

    hook = pulumi.ResourceHook(
        f"{name}-existing", look, pulumi.ResourceHookOptions(on_dry_run=True)
    )
    return pulumi.ResourceHookBinding(after_create=[hook])


def existing(outputs: Mapping[str, Any] | None) -> str | None:
    """Words for an object that was there, by what the API server's dry run answers.

    One that is really new has no `resourceVersion` then.
    """
    metadata = (outputs or {}).get("metadata")
    if not isinstance(metadata, Mapping) or not metadata.get("resourceVersion"):
        return None
    managers = {each["manager"] for each in metadata.get("managedFields") or ()}
    others = managers - {(outputs or {}).get("__fieldManager")}
    if any(manager.startswith(OWN_MANAGERS) for manager in others):
        return None
    where = f" in the namespace {metadata['namespace']}" if metadata.get("namespace") else ""
    by = f", made by {', '.join(sorted(others))}" if others else ""
    return f"{metadata['name']} is there already{where}{by}"
