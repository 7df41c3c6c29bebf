"""What containers may have, as Kubernetes has it."""

from __future__ import annotations

from ..args.resources import ResourcesArgs


def resource_requirements(settings: ResourcesArgs) -> dict[str, dict[str, str]]:
    """A container's `requests` and `limits`."""
    return {"requests": settings.requests.by_kind, "limits": settings.limits.by_kind}
