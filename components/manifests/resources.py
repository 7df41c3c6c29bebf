"""Resource requests and limits of containers."""

from __future__ import annotations

from ..args.resources import ResourcesArgs


def resource_requirements(settings: ResourcesArgs) -> dict[str, dict[str, str]]:
    """Returns a container's `requests` and `limits` in the format of Kubernetes."""
    return {"requests": settings.requests.by_kind, "limits": settings.limits.by_kind}
