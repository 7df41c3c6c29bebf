"""What containers and namespaces may have, as Kubernetes has it."""

from __future__ import annotations

from settings.resources import Amounts, ResourcesSettings


def amounts(settings: Amounts) -> dict[str, str]:
    """Those that are given."""
    given = {"cpu": settings.cpu, "memory": settings.memory}
    return {kind: amount for kind, amount in given.items() if amount is not None}


def resource_requirements(settings: ResourcesSettings) -> dict[str, dict[str, str]]:
    """A container's `requests` and `limits`."""
    return {"requests": amounts(settings.requests), "limits": amounts(settings.limits)}
