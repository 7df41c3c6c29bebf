"""Finds the nodes that are not needed.

Source: kubernetes/autoscaler, cluster-autoscaler 1.36, core/scaledown/planner/planner.go,
eligibility/eligibility.go, unneeded/nodes.go; processors/nodes/pre_filtering_processor.go.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sandbox.sks.cluster_autoscaler.cluster import TO_BE_DELETED, is_ready
from sandbox.sks.cluster_autoscaler.deletion import Deletion
from sandbox.sks.cluster_autoscaler.drainability import (
    blocking_reason,
    is_ending,
    is_mirror,
    is_of_daemon_set,
    pods_to_move,
)
from sandbox.sks.cluster_autoscaler.node_groups import NodeGroup
from sandbox.sks.cluster_autoscaler.scale_up import place
from sandbox.sks.cluster_autoscaler.scheduling import Node, Object, requests
from sandbox.sks.cluster_autoscaler.settings import Settings

_log = logging.getLogger(__name__)

_DISABLED = "cluster-autoscaler.kubernetes.io/scale-down-disabled"


@dataclass
class Unneeded:
    """A node that is not needed, with the pods that would move."""

    node: Node
    group: NodeGroup
    pods: list[Object]
    utilization: Decimal
    since: float


class Planner:
    """Remembers since when nodes have not been needed, and which ones can't be removed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.unneeded: dict[str, Unneeded] = {}
        self._recheck: dict[str, float] = {}
        self._why: dict[str, str] = {}

    def update(
        self,
        nodes: Sequence[Node],
        groups: Mapping[str, NodeGroup],
        budgets: Sequence[Object],
        deleting: Mapping[str, Deletion],
    ) -> None:
        """Looks which nodes are not needed.

        Args:
            nodes: the nodes, without those that have not started yet.
            groups: the groups by the nodes' names.
            budgets: the disruption budgets.
            deleting: the removals in progress, by the nodes' names.
        """
        now = time.monotonic()
        names = {node.name for node in nodes}
        self._recheck = {n: t for n, t in self._recheck.items() if t > now and n in names}
        destinations = [
            Node(node.object, node.pods)
            for node in nodes
            if node.name not in deleting and not _is_being_deleted(node) and is_ready(node.object)
        ]
        found: dict[str, Unneeded] = {}
        for node in nodes:
            group = groups.get(node.name)
            if group is None or node.name in deleting or self._ineligible(node, group):
                continue
            others = [each for each in destinations if each.name != node.name]
            pods = pods_to_move(node)
            why = blocking_reason(node, budgets, self._settings)
            trial = [Node(each.object, each.pods) for each in others]
            if why is None and place([_unbound(pod) for pod in pods], trial):
                why = "can't find a place for its pods"
            if why is not None:
                self._tell(node, why)
                self._recheck[node.name] = now + self._settings.unremovable_node_recheck_timeout
                continue
            destinations = trial
            since = self.unneeded[node.name].since if node.name in self.unneeded else now
            use = utilization(node, self._settings)
            found[node.name] = Unneeded(node, group, pods, use, since)
        self.unneeded = found

    def removable(self, deleting: Mapping[str, Deletion]) -> list[Unneeded]:
        """Returns the nodes to remove now: as many as may be removed at once, empty ones first."""
        now, settings = time.monotonic(), self._settings
        left = {i.group.id: i.group.size - i.group.min_size for i in self.unneeded.values()}
        for deletion in deleting.values():
            if deletion.group.id in left:
                left[deletion.group.id] -= 1
        chosen: list[Unneeded] = []
        drained = sum(bool(deletion.pods) for deletion in deleting.values())
        for item in sorted(self.unneeded.values(), key=lambda item: bool(item.pods)):
            wait = settings.scale_down_unneeded_time
            if not is_ready(item.node.object):
                wait = settings.scale_down_unready_time
            if now - item.since < wait or left[item.group.id] < 1:
                continue
            if len(deleting) + len(chosen) >= settings.max_scale_down_parallelism:
                break
            if item.pods:
                if drained >= settings.max_drain_parallelism:
                    continue
                drained += 1
            left[item.group.id] -= 1
            chosen.append(item)
        return chosen

    def _ineligible(self, node: Node, group: NodeGroup) -> bool:
        if group.size <= group.min_size or _is_being_deleted(node) or node.name in self._recheck:
            return True
        annotations = node.object["metadata"].get("annotations") or {}
        if annotations.get(_DISABLED) == "true":
            return True
        if not self._settings.scale_down_unready_enabled and not is_ready(node.object):
            return True
        use = utilization(node, self._settings)
        if use > Decimal(str(self._settings.scale_down_utilization_threshold)):
            self._tell(node, "its utilization is above the scale-down utilization threshold")
            return True
        return False

    def _tell(self, node: Node, why: str) -> None:
        if self._why.get(node.name) != why:
            self._why[node.name] = why
            _log.info("Node %s unremovable: %s", node.name, why)


def utilization(node: Node, settings: Settings) -> Decimal:
    """Returns the larger of the shares of processors and memory that pods request."""
    return max(_share(node, name, settings) for name in ("cpu", "memory"))


def _share(node: Node, name: str, settings: Settings) -> Decimal:
    total, ignored = Decimal(0), Decimal(0)
    for pod in node.pods:
        wanted = requests(pod).get(name, Decimal(0))
        if (settings.ignore_daemonsets_utilization and is_of_daemon_set(pod)) or (
            settings.ignore_mirror_pods_utilization and is_mirror(pod)
        ):
            ignored += wanted
        elif not is_ending(pod):
            total += wanted
    return total / (node.allocatable[name] - ignored)


def _unbound(pod: Object) -> Object:
    """Returns the pod that a controller creates in place of an evicted one."""
    return {**pod, "spec": {k: v for k, v in pod["spec"].items() if k != "nodeName"}}


def _is_being_deleted(node: Node) -> bool:
    return any(taint["key"] == TO_BE_DELETED for taint in node.taints)
