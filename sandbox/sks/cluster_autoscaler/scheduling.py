"""A simple simulation of the scheduler: whether a pod fits on a node.

It knows resources, selectors and node affinity, taints, host ports, affinity and anti-affinity of
pods, and topology spread constraints that must hold. It doesn't know volumes, preferences,
preemption and resource claims.

Source of the reasons: kubernetes/kubernetes, pkg/scheduler/framework/plugins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from kubernetes.utils.quantity import parse_quantity

Object = Mapping[str, Any]
"""A Kubernetes object, as in JSON."""

HOSTNAME = "kubernetes.io/hostname"
_ZERO = Decimal(0)


class Node:
    """A node, or a node that is expected, with its pods."""

    def __init__(self, object: Object, pods: Iterable[Object] = ()) -> None:
        self.object = object
        self.pods: list[Object] = []
        self.used: dict[str, Decimal] = {}
        """The sum of the requests of all pods."""
        for pod in pods:
            self.add(pod)

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])

    @property
    def labels(self) -> Mapping[str, str]:
        return self.object["metadata"].get("labels") or {}

    @property
    def taints(self) -> list[Object]:
        return self.object["spec"].get("taints") or []

    @cached_property
    def allocatable(self) -> dict[str, Decimal]:
        return _quantities(self.object["status"].get("allocatable"))

    def add(self, pod: Object) -> None:
        self.pods.append(pod)
        _add(self.used, requests(pod))


def requests(pod: Object) -> dict[str, Decimal]:
    """Returns the resources that a pod requests, also the pod itself as one of `pods`."""
    spec = pod["spec"]
    sidecars: dict[str, Decimal] = {}
    peak: dict[str, Decimal] = {}
    for container in spec.get("initContainers") or ():
        own = _requested(container)
        if container.get("restartPolicy") == "Always":
            _add(sidecars, own)
            own = {}
        for name in {*own, *sidecars}:
            now = own.get(name, _ZERO) + sidecars.get(name, _ZERO)
            peak[name] = max(peak.get(name, _ZERO), now)
    total = dict(sidecars)
    for container in spec["containers"]:
        _add(total, _requested(container))
    for name, value in peak.items():
        total[name] = max(total.get(name, _ZERO), value)
    _add(total, _quantities(spec.get("overhead")))
    return {**total, "pods": Decimal(1)}


def obstacle(pod: Object, node: Node, nodes: Iterable[Node]) -> str | None:
    """Returns the reason why a pod doesn't fit on a node, None if it does.

    Args:
        nodes: all nodes, for rules that compare nodes.
    """
    spec = pod["spec"]
    if node.object["spec"].get("unschedulable") and not _tolerates(pod, _UNSCHEDULABLE):
        return "node(s) were unschedulable"
    if not _selects(pod, node):
        return "node(s) didn't match Pod's node affinity/selector"
    for taint in node.taints:
        if taint["effect"] != "PreferNoSchedule" and not _tolerates(pod, taint):
            return "node(s) had untolerated taint(s)"
    if _ports(pod) & {port for other in node.pods for port in _ports(other)}:
        return "node(s) didn't have free ports for the requested pod ports"
    for name, wanted in requests(pod).items():
        needed = node.used.get(name, _ZERO) + wanted
        if wanted > _ZERO and needed > node.allocatable.get(name, _ZERO):
            return "Too many pods" if name == "pods" else f"Insufficient {name}"
    everywhere = list(nodes)
    for constraint in spec.get("topologySpreadConstraints") or ():
        if constraint["whenUnsatisfiable"] == "DoNotSchedule" and not _spreads(
            pod, constraint, node, everywhere
        ):
            return "node(s) didn't match pod topology spread constraints"
    return _affinity_obstacle(pod, node, everywhere)


def matches(selector: Object | None, labels: Mapping[str, str]) -> bool:
    """Returns whether a label selector matches labels; an absent one matches nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _expression(item, labels) for item in selector.get("matchExpressions") or ()
    )


_UNSCHEDULABLE: Object = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def _requested(container: Object) -> dict[str, Decimal]:
    return _quantities((container.get("resources") or {}).get("requests"))


def _quantities(listed: Mapping[str, str] | None) -> dict[str, Decimal]:
    return {name: parse_quantity(value) for name, value in (listed or {}).items()}


def _add(total: dict[str, Decimal], more: Mapping[str, Decimal]) -> None:
    for name, value in more.items():
        total[name] = total.get(name, _ZERO) + value


def _tolerates(pod: Object, taint: Object) -> bool:
    return any(
        toleration.get("effect") in (None, "", taint["effect"])
        and toleration.get("key") in (None, "", taint["key"])
        and (
            toleration.get("operator") == "Exists"
            or (
                bool(toleration.get("key"))
                and (toleration.get("value") or "") == (taint.get("value") or "")
            )
        )
        for toleration in pod["spec"].get("tolerations") or ()
    )


def _selects(pod: Object, node: Node) -> bool:
    spec = pod["spec"]
    selector = spec.get("nodeSelector") or {}
    if any(node.labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return not required or any(_term(term, node) for term in required["nodeSelectorTerms"])


def _term(term: Object, node: Node) -> bool:
    expressions, named = term.get("matchExpressions") or (), term.get("matchFields") or ()
    names = {"metadata.name": node.name}
    return bool(expressions or named) and (
        all(_expression(item, node.labels) for item in expressions)
        and all(_expression(item, names) for item in named)
    )


def _expression(item: Object, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(item["key"]), list(item.get("values") or ())
    match item["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and int(value) > int(values[0])
        case _:
            return value is not None and int(value) < int(values[0])


def _ports(pod: Object) -> set[tuple[str, int]]:
    return {
        (port.get("protocol", "TCP"), port["hostPort"])
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or ()
        if port.get("hostPort")
    }


def _spreads(pod: Object, constraint: Object, node: Node, nodes: list[Node]) -> bool:
    key, labels = constraint["topologyKey"], pod["metadata"].get("labels") or {}
    if key not in node.labels:
        return False
    selector = dict(constraint.get("labelSelector") or {})
    same = {name: labels[name] for name in constraint.get("matchLabelKeys") or () if name in labels}
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), **same}
    counts: Counter[str] = Counter()
    for other in nodes:
        if key in other.labels and _selects(pod, other):
            counts[other.labels[key]] += sum(_counts(pod, item, selector) for item in other.pods)
    own = counts[node.labels[key]] + matches(selector, labels)
    return own - min(counts.values()) <= int(constraint["maxSkew"])


def _counts(pod: Object, other: Object, selector: Object) -> bool:
    metadata = other["metadata"]
    return (
        metadata["namespace"] == pod["metadata"]["namespace"]
        and "deletionTimestamp" not in metadata
        and matches(selector, metadata.get("labels") or {})
    )


def _affinity_obstacle(pod: Object, node: Node, nodes: list[Node]) -> str | None:
    for term in _terms(pod, "podAntiAffinity"):
        if _meets(term, pod, node, nodes):
            return "node(s) didn't match pod anti-affinity rules"
    for other in nodes:
        for present in other.pods:
            for term in _terms(present, "podAntiAffinity"):
                if _together(term["topologyKey"], node, other) and _named(term, present, pod):
                    return "node(s) didn't satisfy existing pods anti-affinity rules"
    for term in _terms(pod, "podAffinity"):
        first = not any(_named(term, pod, item) for other in nodes for item in other.pods)
        if not _meets(term, pod, node, nodes) and not (first and _named(term, pod, pod)):
            return "node(s) didn't match pod affinity rules"
    return None


def _terms(pod: Object, kind: str) -> list[Object]:
    rules = (pod["spec"].get("affinity") or {}).get(kind) or {}
    return rules.get("requiredDuringSchedulingIgnoredDuringExecution") or []


def _meets(term: Object, pod: Object, node: Node, nodes: list[Node]) -> bool:
    return any(
        _together(term["topologyKey"], node, other)
        and any(_named(term, pod, item) for item in other.pods)
        for other in nodes
    )


def _together(key: str, node: Node, other: Node) -> bool:
    return key in node.labels and node.labels[key] == other.labels.get(key)


def _named(term: Object, owner: Object, other: Object) -> bool:
    """Returns whether a term of `owner` names another pod; namespace selectors name all."""
    metadata = other["metadata"]
    namespaces = term.get("namespaces") or [owner["metadata"]["namespace"]]
    if "namespaceSelector" not in term and metadata["namespace"] not in namespaces:
        return False
    return matches(term.get("labelSelector"), metadata.get("labels") or {})
