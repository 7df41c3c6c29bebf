"""Removes a node: evicts its pods, then removes its instance at Exoscale.

Source: kubernetes/autoscaler, cluster-autoscaler 1.36, core/scaledown/actuation: actuator.go,
drain.go, delete_in_batch.go.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sandbox.sks.cluster_autoscaler.cluster import TO_BE_DELETED, Cluster
from sandbox.sks.cluster_autoscaler.drainability import (
    blocking_reason,
    is_mirror,
    is_of_daemon_set,
    pods_to_move,
)
from sandbox.sks.cluster_autoscaler.errors import ERRORS, Failed, reason
from sandbox.sks.cluster_autoscaler.node_groups import NodeGroup, NodeGroups
from sandbox.sks.cluster_autoscaler.scheduling import Node, Object
from sandbox.sks.cluster_autoscaler.settings import Settings

_log = logging.getLogger(__name__)

_EVICTION_RETRY = 10.0
_HEADROOM = 30.0
_POLL = 1.0


@dataclass
class Deletion:
    """The removal of a node, which runs in a thread of its own.

    Attributes:
        pods: the pods that move; without any, the node is removed as an empty one.
        failed: whether it has ended with a failure.
    """

    node: Node
    group: NodeGroup
    pods: Sequence[Object]
    cluster: Cluster
    groups: NodeGroups
    settings: Settings
    stopping: threading.Event
    tell: Callable[[str, str], None]
    """Writes an Event on the status ConfigMap: its reason and its text."""
    failed: bool = False

    def start(self) -> None:
        """Marks the node, and starts the thread."""
        name, cordon = self.node.name, self.settings.cordon_node_before_terminating
        if self.pods:
            names = ",".join(pod["metadata"]["name"] for pod in self.pods)
            self.tell("ScaleDown", f"Scale-down: removing node {name}, pods to reschedule: {names}")
        else:
            self.tell("ScaleDownEmpty", f'Scale-down: removing empty node "{name}"')
        self.cluster.taint(name, TO_BE_DELETED, "NoSchedule", cordon=cordon)
        self._event("ScaleDown", "marked the node as toBeDeleted/unschedulable")
        self._thread = threading.Thread(target=self._run, name=f"remove-{name}", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        name = self.node.name
        try:
            self._remove()
        except ERRORS as error:
            if self.stopping.is_set():
                return
            self.failed = True
            doing = "drain and delete" if self.pods else "delete empty"
            _log.error("Scale-down: couldn't %s node %s: %s", doing, name, reason(error))
            self._event("ScaleDownFailed", f"failed to {doing} node: {reason(error)}", True)
            uncordon = self.settings.cordon_node_before_terminating
            self.cluster.remove_taint(name, TO_BE_DELETED, uncordon=uncordon)
        else:
            self._event("ScaleDown", "nodes removed by cluster autoscaler")
            if self.pods:
                self.tell("ScaleDown", f"Scale-down: node {name} removed with drain")
            else:
                self.tell("ScaleDownEmpty", f"Scale-down: empty node {name} removed")

    def _remove(self) -> None:
        self._pause(self.settings.node_delete_delay_after_taint)
        present = [p for p in self.cluster.pods() if p["spec"].get("nodeName") == self.node.name]
        node = Node(self.node.object, present)
        moving = pods_to_move(node)
        if why := blocking_reason(node, self.cluster.budgets(), self.settings):
            raise Failed(why)
        if moving and not self.pods:
            raise Failed(f'failed to delete empty node "{node.name}", new pods scheduled')
        self._drain(node, moving)
        self.groups.remove(self.group, self.node)

    def _drain(self, node: Node, moving: list[Object]) -> None:
        """Evicts the pods and waits until they are gone; evicts those of DaemonSets without both.

        Raises:
            Failed: if a pod is not evicted in time, or doesn't end.
        """
        settings = self.settings
        evicted = (
            settings.daemonset_eviction_for_occupied_nodes
            if moving
            else settings.daemonset_eviction_for_empty_nodes
        )
        for pod in node.pods:
            if evicted and is_of_daemon_set(pod) and not is_mirror(pod):
                self.cluster.evict(pod, _grace(pod, settings))
        if not moving:
            return
        with ThreadPoolExecutor(len(moving)) as pool:
            failures = [why for why in pool.map(self._evict, moving) if why]
        if failures:
            raise Failed(f"Failed to drain node /{node.name}, due to following errors: {failures}")
        deadline = time.monotonic() + settings.max_graceful_termination_sec + _HEADROOM
        while any(self.cluster.pod_is_on(pod, node) for pod in moving):
            if time.monotonic() > deadline:
                raise Failed(f"Failed to drain node /{node.name}: pods remaining after timeout")
            self._pause(_POLL)

    def _evict(self, pod: Object) -> str | None:
        """Evicts a pod, again and again while a budget doesn't allow it; returns why it failed."""
        metadata, grace = pod["metadata"], _grace(pod, self.settings)
        self.cluster.event("Pod", pod, "ScaleDown", "deleting pod for node scale down")
        deadline = time.monotonic() + self.settings.max_pod_eviction_time
        while (why := self.cluster.evict(pod, grace)) is not None:
            if time.monotonic() > deadline:
                text = "failed to delete pod for ScaleDown"
                self.cluster.event("Pod", pod, "ScaleDownFailed", text, warning=True)
                name = f"{metadata['namespace']}/{metadata['name']}"
                return f"failed to evict pod {name} within allowed timeout (last error: {why})"
            self._pause(_EVICTION_RETRY)
        return None

    def _pause(self, seconds: float) -> None:
        if self.stopping.wait(seconds):
            raise Failed("the program is stopped")

    def _event(self, why: str, text: str, warning: bool = False) -> None:
        self.cluster.event("Node", self.node.object, why, text, warning=warning)


def _grace(pod: Object, settings: Settings) -> int:
    own = int(pod["spec"].get("terminationGracePeriodSeconds", 30))
    return min(own, settings.max_graceful_termination_sec)
