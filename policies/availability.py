"""The rule on what stays while nodes come and go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.rule import Finding, Resource, StackRule

REPLICATED = ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")


def _budgets(resources: Sequence[Resource]) -> Iterator[Finding]:
    budgets = [each for each in resources if each.kind == "PodDisruptionBudget"]
    for each in resources:
        if each.type in REPLICATED:
            pods = _pods(each, resources)
            if pods > 1 and not any(_is_for(budget, each) for budget in budgets):
                yield Finding(
                    each,
                    f"has {pods} pods and no PodDisruptionBudget: a drain may end all at once: "
                    "declare one that selects them",
                )


def _pods(resource: Resource, resources: Sequence[Resource]) -> int:
    """How many it has at least: by itself, or by its autoscaler."""
    for each in resources:
        target = each.spec.get("scaleTargetRef") if each.kind == "HorizontalPodAutoscaler" else None
        if target and _is_named(resource, target["name"], each):
            return int(each.spec.get("minReplicas") or 1)
    return int(resource.spec.get("replicas") or 1)


def _is_named(resource: Resource, name: str, beside: Resource) -> bool:
    return _metadata(resource) == (name, _metadata(beside)[1])


def _metadata(resource: Resource) -> tuple[str, str]:
    metadata: Mapping[str, Any] = resource.inputs.get("metadata") or {}
    return metadata.get("name", resource.name), metadata.get("namespace", "default")


def _is_for(budget: Resource, resource: Resource) -> bool:
    """Whether a disruption budget selects the pods of a resource."""
    wanted = (budget.spec.get("selector") or {}).get("matchLabels") or {}
    labels = resource.spec["template"]["metadata"]["labels"]
    same_namespace = _metadata(budget)[1] == _metadata(resource)[1]
    return same_namespace and wanted.items() <= labels.items()


RULES = (
    StackRule(
        "disruption-budget",
        "What has more than one pod has a PodDisruptionBudget.",
        _budgets,
    ),
)
