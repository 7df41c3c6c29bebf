"""An application's Deployment, and how its pods are replaced by new ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment

from ...lifecycle.ownership import PATCH_FORCE
from ...manifests.labels import common_labels
from ..context import Objects
from .args import RolloutArgs

if TYPE_CHECKING:
    from ..args import WebAppArgs


def create_deployment(app: Objects, settings: WebAppArgs, spec: Mapping[str, Any]) -> Deployment:
    """The number of pods is the autoscaler's, where there is one, from its first change on.

    The autoscaler then owns the field: to set it again, when the autoscaler is left out, takes
    `patchForce`. The annotation is added with the autoscaler. Without one its change is ignored: so
    it stays where it was added, and is nowhere else.
    """
    timeout = f"{settings.rollout.timeout_seconds}s"
    forced = PATCH_FORCE if settings.autoscaler else app.annotations
    left_alone = ["spec.replicas"] if settings.autoscaler else []
    if not forced:
        left_alone += [f'metadata.annotations["{key}"]' for key in PATCH_FORCE]
    return Deployment(
        app.in_program(app.name),
        metadata={
            **app.metadata,
            "labels": common_labels(app.name),
            # given also when empty: the engine keeps an annotation only where it finds its parent
            "annotations": {**app.annotations, **forced},
        },
        spec={"replicas": settings.first_replicas, **spec},
        opts=pulumi.ResourceOptions.merge(
            app.opts,
            pulumi.ResourceOptions(
                ignore_changes=left_alone,
                custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout),
            ),
        ),
    )


def deployment_spec(app: Objects, settings: WebAppArgs, pod: Mapping[str, Any]) -> dict[str, Any]:
    """All but the number of pods."""
    return {
        "selector": {"match_labels": app.pods},
        **_rollout(settings.rollout),
        "template": {
            "metadata": {
                "labels": {**settings.labels, **common_labels(app.name), **app.pods},
                "annotations": settings.annotations,
            },
            "spec": pod,
        },
    }


def _rollout(settings: RolloutArgs) -> dict[str, Any]:
    rolling = {"max_surge": settings.max_surge, "max_unavailable": settings.max_unavailable}
    update = {"rolling_update": rolling} if settings.type == "RollingUpdate" else {}
    return {
        "strategy": {"type": settings.type} | update,
        "progress_deadline_seconds": settings.progress_deadline_seconds,
        "revision_history_limit": settings.revision_history_limit,
    }
