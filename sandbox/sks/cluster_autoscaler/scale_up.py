"""Adds nodes for pods that don't fit.

Source: kubernetes/autoscaler, cluster-autoscaler 1.36, core/scaleup/orchestrator/orchestrator.go,
estimator/binpacking_estimator.go, processors/status/eventing_scale_up_processor.go.
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sandbox.sks.cluster_autoscaler.cluster import CANDIDATE, TO_BE_DELETED
from sandbox.sks.cluster_autoscaler.drainability import is_of_daemon_set
from sandbox.sks.cluster_autoscaler.node_groups import NodeGroup
from sandbox.sks.cluster_autoscaler.scheduling import HOSTNAME, Node, Object, obstacle, requests

AT_MAX = "max node group size reached"
IN_BACKOFF = "in backoff after failed scale-up"
NOT_READY = "not ready for scale-up"
_STARTUP_TAINTS = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")


@dataclass
class Option:
    """Nodes that could be added to a group, for pods."""

    group: NodeGroup
    count: int
    pods: list[Object]
    wasted: Decimal
    """Share of the new nodes' processors and memory that would be left, from 0 to 2."""


@dataclass
class Plan:
    """What a scale-up would do: the best option, or why the pods remain."""

    option: Option | None
    remaining: list[tuple[Object, str]]


def template(node: Node, name: str) -> Node:
    """Returns a new node like `node`, with only the pods of DaemonSets."""
    object = copy.deepcopy(dict(node.object))
    object["metadata"] |= {"name": name, "labels": {**node.labels, HOSTNAME: name}}
    object["spec"]["taints"] = [
        taint
        for taint in node.taints
        if taint["key"] not in (TO_BE_DELETED, CANDIDATE)
        and not taint["key"].startswith(_STARTUP_TAINTS)
    ]
    object["spec"]["unschedulable"] = False
    return Node(object, [pod for pod in node.pods if is_of_daemon_set(pod)])


def place(
    pods: Iterable[Object], nodes: Sequence[Node], beside: Sequence[Node] = ()
) -> list[Object]:
    """Puts pods on the nodes where they fit, and returns those that fit on none.

    Args:
        beside: nodes that get no pods, but that rules compare with.
    """
    remaining = []
    for pod in pods:
        for node in nodes:
            if obstacle(pod, node, [*beside, *nodes]) is None:
                node.add(pod)
                break
        else:
            remaining.append(pod)
    return remaining


def plan(
    pods: Sequence[Object],
    groups: Sequence[NodeGroup],
    templates: Mapping[str, Node],
    nodes: Sequence[Node],
    skipped: Mapping[str, str],
    *,
    expander: str,
    max_nodes_total: int,
) -> Plan:
    """Chooses the group to grow, and the number of nodes.

    Args:
        pods: pods that fit on no node.
        groups: all groups.
        templates: a new node of each group, by the group's ID.
        nodes: the cluster's nodes, also those that are expected.
        skipped: reasons of groups that can't grow, by their IDs.
        expander: how one of several options is chosen.
        max_nodes_total: maximum number of nodes of the cluster; 0 means no limit.
    """
    options = []
    reasons = {_uid(pod): [*skipped.values()] for pod in pods}
    for group in groups:
        if group.id in skipped:
            continue
        room = group.max_size - group.size
        if max_nodes_total:
            room = min(room, max_nodes_total - len(nodes))
        fitting = []
        for pod in pods:
            new = template(templates[group.id], "new")
            why = obstacle(pod, new, [*nodes, new])
            if why is None:
                fitting.append(pod)
            else:
                reasons[_uid(pod)].append(why)
        option = _estimate(group, fitting, templates[group.id], nodes, room)
        if option.count:
            options.append(option)
    best = _best(options, expander)
    helped = {_uid(pod) for pod in best.pods} if best else set()
    remaining = [(pod, _counted(reasons[_uid(pod)])) for pod in pods if _uid(pod) not in helped]
    return Plan(best, remaining)


def _estimate(
    group: NodeGroup, pods: list[Object], like: Node, nodes: Sequence[Node], room: int
) -> Option:
    """Packs pods on new nodes, the largest pods first; adds a node if none has room."""
    new: list[Node] = []
    packed = []
    for pod in sorted(pods, key=lambda pod: _size(pod, like), reverse=True):
        if place([pod], new, nodes):
            more = template(like, f"{group.name}-new-{len(new)}")
            if len(new) >= room or place([pod], [more], [*nodes, *new]):
                continue
            new.append(more)
        packed.append(pod)
    wasted = sum((_free(node) for node in new), Decimal(0)) / max(1, len(new))
    return Option(group, len(new), packed, wasted)


def _best(options: list[Option], expander: str) -> Option | None:
    if not options:
        return None
    if expander == "most-pods":
        most = max(len(option.pods) for option in options)
        options = [option for option in options if len(option.pods) == most]
    elif expander == "least-waste":
        least = min(option.wasted for option in options)
        options = [option for option in options if option.wasted == least]
    return random.choice(options)


def _uid(pod: Object) -> str:
    return str(pod["metadata"]["uid"])


def _size(pod: Object, node: Node) -> Decimal:
    wanted = requests(pod)
    return sum(
        (
            wanted.get(name, Decimal(0)) / node.allocatable[name]
            for name in ("cpu", "memory")
            if node.allocatable.get(name)
        ),
        Decimal(0),
    )


def _free(node: Node) -> Decimal:
    return sum(
        (
            1 - node.used.get(name, Decimal(0)) / node.allocatable[name]
            for name in ("cpu", "memory")
            if node.allocatable.get(name)
        ),
        Decimal(0),
    )


def _counted(reasons: Iterable[str]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in Counter(reasons).items())
