"""The rule on availability while nodes are drained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.pods import REPLICATED
from policies.rule import Finding, Resource, StackRule

AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"


def _check_budgets(resources: Sequence[Resource]) -> Iterator[Finding]:
    budgets = [each for each in resources if each.type == BUDGET]
    for each in resources:
        if each.type in REPLICATED:
            pods = _most_pods(each, resources)
            if pods > 1 and not any(_selects(budget, each) for budget in budgets):
                yield Finding(
                    each,
                    f"has up to {pods} pods and no PodDisruptionBudget: a drain may stop all "
                    "pods at once: add a PodDisruptionBudget that selects them",
                )


def _most_pods(resource: Resource, resources: Sequence[Resource]) -> int:
    """Returns the maximum number of pods: that of the autoscaler, or else the replicas."""
    place = (_namespace(resource), _metadata(resource).get("name"))
    for each in resources:
        if (
            each.type == AUTOSCALER
            and (_namespace(each), each.spec["scaleTargetRef"]["name"]) == place
        ):
            return int(each.spec["maxReplicas"])
    return int(resource.spec.get("replicas") or 1)


def _metadata(resource: Resource) -> Mapping[str, Any]:
    metadata: Mapping[str, Any] = resource.inputs.get("metadata") or {}
    return metadata


def _namespace(resource: Resource) -> str:
    namespace: str = _metadata(resource).get("namespace") or "default"
    return namespace


def _selects(budget: Resource, resource: Resource) -> bool:
    """Returns whether a disruption budget selects the pods of a resource."""
    selector = (budget.spec.get("selector") or {}).get("matchLabels") or {}
    labels = resource.spec["template"]["metadata"]["labels"]
    return _namespace(budget) == _namespace(resource) and selector.items() <= labels.items()


RULES = (
    StackRule(
        "disruption-budget",
        "A workload that can have more than one pod has a PodDisruptionBudget.",
        _check_budgets,
    ),
)
