"""An application's autoscaler and disruption budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..context import Objects
from .args import AutoscalerArgs, DisruptionBudgetArgs

if TYPE_CHECKING:
    from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudget


def create_autoscaler(app: Objects, settings: AutoscalerArgs) -> HorizontalPodAutoscaler:
    """Creates the HorizontalPodAutoscaler of the Deployment with the same name."""
    from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler

    resources = [
        {
            "type": "Resource",
            "resource": {
                "name": kind,
                "target": {"type": "Utilization", "average_utilization": percentage},
            },
        }
        for kind, percentage in (("cpu", settings.cpu), ("memory", settings.memory))
        if percentage is not None
    ]
    custom: list[dict[str, Any]] = [
        {
            "type": "Pods",
            "pods": {
                "metric": {"name": metric.name},
                "target": {"type": "AverageValue", "average_value": metric.average},
            },
        }
        for metric in settings.custom
    ]
    return HorizontalPodAutoscaler(
        app.in_program(app.name),
        metadata=app.metadata,
        spec={
            "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": app.name},
            "min_replicas": settings.min,
            "max_replicas": settings.max,
            "metrics": resources + custom,
        },
        opts=app.opts,
    )


def create_disruption_budget(app: Objects, settings: DisruptionBudgetArgs) -> PodDisruptionBudget:
    """Creates the PodDisruptionBudget. Pods that are not ready don't block the draining of a
    node."""
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

    return PodDisruptionBudget(
        app.in_program(app.name),
        metadata=app.metadata,
        spec={
            "max_unavailable": settings.max_unavailable,
            "selector": {"match_labels": app.pods},
            "unhealthy_pod_eviction_policy": "AlwaysAllow",
        },
        opts=app.opts,
    )
