"""An application's Deployment, and how its pods are replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment

from ...lifecycle.ownership import PATCH_FORCE
from ..context import Objects

if TYPE_CHECKING:
    from ..args import WebAppArgs


def create_deployment(app: Objects, settings: WebAppArgs, spec: Mapping[str, Any]) -> Deployment:
    """Creates the Deployment. An autoscaler, if there is one, changes the number of pods.

    The autoscaler then owns the field `replicas`. To set the field after the autoscaler was
    removed, the object needs the annotation `patchForce`, which is added with the autoscaler.
    Without an autoscaler, changes of the annotation are ignored, so it stays on objects that have
    it.
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
            "labels": app.labels,
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
    """Returns the specification without the number of pods."""
    return {
        "selector": {"match_labels": app.pods},
        **_rollout(settings),
        "template": {
            "metadata": {
                "labels": {**settings.labels, **app.labels, **app.pods},
                "annotations": settings.annotations,
            },
            "spec": pod,
        },
    }


def _rollout(settings: WebAppArgs) -> dict[str, Any]:
    rollout, kind = settings.rollout, settings.rollout_type
    rolling = {"max_surge": rollout.max_surge, "max_unavailable": rollout.max_unavailable}
    update = {"rolling_update": rolling} if kind == "RollingUpdate" else {}
    return {
        "strategy": {"type": kind} | update,
        "progress_deadline_seconds": rollout.progress_deadline_seconds,
        "revision_history_limit": rollout.revision_history_limit,
    }
