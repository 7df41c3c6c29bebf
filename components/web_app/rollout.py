"""How an application's pods are replaced by new ones."""

from __future__ import annotations

from typing import Any

from settings.apps.rollout import RolloutSettings


def rollout(settings: RolloutSettings) -> dict[str, Any]:
    """The Deployment's fields for its rollouts, as `pulumi_kubernetes` takes them."""
    rolling = {"max_surge": settings.max_surge, "max_unavailable": settings.max_unavailable}
    update = {"rolling_update": rolling} if settings.type == "RollingUpdate" else {}
    return {
        "strategy": {"type": settings.type} | update,
        "progress_deadline_seconds": settings.progress_deadline_seconds,
        "revision_history_limit": settings.revision_history_limit,
    }
