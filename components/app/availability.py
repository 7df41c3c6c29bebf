"""How many pods an application has, and how they are kept while nodes come and go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi


class CustomMetricArgs(TypedDict):
    """A metric of the pods, and its wanted average for each of them (a quantity)."""

    name: str
    average: str


class AutoscalerArgs(TypedDict):
    """Bounds for the number of pods. `cpu` and `memory` are percentages of what pods request."""

    min: int
    max: int
    cpu: NotRequired[int]
    memory: NotRequired[int]
    custom: Sequence[CustomMetricArgs]


class DisruptionBudgetArgs(TypedDict):
    """How many pods, or which percentage, may be missing while nodes are drained."""

    max_unavailable: int | str


def create_autoscaler(
    name: str, namespace: str, args: AutoscalerArgs, opts: pulumi.ResourceOptions
) -> None:
    """A HorizontalPodAutoscaler for the Deployment of the same name."""
    from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler

    resources = [
        {
            "type": "Resource",
            "resource": {
                "name": kind,
                "target": {"type": "Utilization", "average_utilization": percentage},
            },
        }
        for kind, percentage in (("cpu", args.get("cpu")), ("memory", args.get("memory")))
        if percentage is not None
    ]
    custom: list[dict[str, Any]] = [
        {
            "type": "Pods",
            "pods": {
                "metric": {"name": metric["name"]},
                "target": {"type": "AverageValue", "average_value": metric["average"]},
            },
        }
        for metric in args["custom"]
    ]
    HorizontalPodAutoscaler(
        name,
        metadata={"name": name, "namespace": namespace},
        spec={
            "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": name},
            "min_replicas": args["min"],
            "max_replicas": args["max"],
            "metrics": resources + custom,
        },
        opts=opts,
    )


def create_disruption_budget(
    name: str,
    namespace: str,
    args: DisruptionBudgetArgs,
    selector: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Pods that can't start never keep a node from being drained."""
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

    PodDisruptionBudget(
        name,
        metadata={"name": name, "namespace": namespace},
        spec={
            "max_unavailable": args["max_unavailable"],
            "selector": {"match_labels": selector},
            "unhealthy_pod_eviction_policy": "AlwaysAllow",
        },
        opts=opts,
    )
