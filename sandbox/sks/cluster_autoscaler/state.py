"""The nodes and pods at the beginning of a loop.

Source: kubernetes/autoscaler, cluster-autoscaler 1.36, clusterstate/clusterstate.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sandbox.sks.cluster_autoscaler import scale_up
from sandbox.sks.cluster_autoscaler.cluster import is_ready, ready_condition
from sandbox.sks.cluster_autoscaler.drainability import is_of_daemon_set
from sandbox.sks.cluster_autoscaler.node_groups import NodeGroup, NodeGroups
from sandbox.sks.cluster_autoscaler.scheduling import Node, Object
from sandbox.sks.cluster_autoscaler.settings import Settings
from sandbox.sks.cluster_autoscaler.status import Counts

_SETTLING = timedelta(minutes=2)
"""A node that became unready later than this after its creation had started."""


class State:
    """The nodes at the beginning of a loop."""

    def __init__(self, nodes: Sequence[Node], groups: NodeGroups, settings: Settings) -> None:
        self._settings = settings
        self.nodes = nodes
        self.groups = list(groups)
        self.of_nodes: dict[str, NodeGroup] = {
            node.name: group for node in nodes if (group := groups.of(node))
        }
        self.counts: Mapping[str, Counts] = {group.id: Counts() for group in self.groups}
        self.templates: dict[str, Node] = {}
        self.started: list[Node] = []
        """All nodes but those that have not started yet."""
        for node in nodes:
            starting = self._is_starting(node.object)
            if not starting:
                self.started.append(node)
            if group := self.of_nodes.get(node.name):
                self._count(node, self.counts[group.id], starting=starting)
                if is_ready(node.object):
                    self.templates.setdefault(group.id, node)

    @property
    def is_healthy(self) -> bool:
        unready = sum(counts.unready for counts in self.counts.values())
        allowed = self._settings.max_total_unready_percentage * len(self.nodes) / 100
        return unready <= self._settings.ok_total_unready_count or unready <= allowed

    def upcoming(self) -> list[Node]:
        """Returns nodes in place of those that Exoscale has and that have not started here."""
        expected = []
        for group in self.groups:
            counts = self.counts[group.id]
            missing = group.size - counts.ready - counts.unready
            if group.id in self.templates:
                expected += [
                    scale_up.template(self.templates[group.id], f"{group.name}-upcoming-{index}")
                    for index in range(missing)
                ]
        return expected

    def _count(self, node: Node, counts: Counts, *, starting: bool) -> None:
        if is_ready(node.object):
            counts.ready += 1
        elif starting:
            counts.not_started += 1
        else:
            counts.unready += 1

    def _is_starting(self, node: Object) -> bool:
        if is_ready(node):
            return False
        created = datetime.fromisoformat(node["metadata"]["creationTimestamp"])
        changed = ready_condition(node).get("lastTransitionTime")
        if changed and datetime.fromisoformat(changed) > created + _SETTLING:
            return False
        return age(node).total_seconds() < self._settings.max_node_startup_time


def with_pods(node: Object, pods: Sequence[Object]) -> Node:
    """Returns a node with its pods."""
    name = node["metadata"]["name"]
    return Node(node, [pod for pod in pods if pod["spec"].get("nodeName") == name])


def is_unschedulable(pod: Object) -> bool:
    """Returns whether the scheduler has found no node for a pod."""
    if pod["spec"].get("nodeName") or is_of_daemon_set(pod):
        return False
    if "deletionTimestamp" in pod["metadata"]:
        return False
    return any(
        condition["type"] == "PodScheduled"
        and condition["status"] == "False"
        and condition.get("reason") == "Unschedulable"
        for condition in pod["status"].get("conditions") or ()
    )


def age(object: Object) -> timedelta:
    """Returns the time since the creation of an object."""
    return datetime.now(UTC) - datetime.fromisoformat(object["metadata"]["creationTimestamp"])
