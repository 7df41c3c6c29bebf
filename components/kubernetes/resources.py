"""What containers may have, as Kubernetes has it."""

from __future__ import annotations

from settings.resources import ResourcesSettings


def resource_requirements(settings: ResourcesSettings) -> dict[str, dict[str, str]]:
    """A container's `requests` and `limits`."""
    return {"requests": settings.requests.by_kind, "limits": settings.limits.by_kind}
