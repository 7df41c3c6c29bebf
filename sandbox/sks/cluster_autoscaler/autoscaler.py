"""The loop of the cluster autoscaler, as the pod's program.

Source: kubernetes/autoscaler, cluster-autoscaler 1.36, core/static_autoscaler.go,
clusterstate/clusterstate.go.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from kubernetes import client

from sandbox.sks.cluster_autoscaler import scale_up
from sandbox.sks.cluster_autoscaler.cluster import (
    CANDIDATE,
    TO_BE_DELETED,
    Cluster,
    is_ready,
)
from sandbox.sks.cluster_autoscaler.deletion import Deletion
from sandbox.sks.cluster_autoscaler.errors import CLOUD_ERRORS, ERRORS, reason
from sandbox.sks.cluster_autoscaler.node_groups import NodeGroup, NodeGroups
from sandbox.sks.cluster_autoscaler.scale_down import Planner
from sandbox.sks.cluster_autoscaler.scheduling import Node, Object
from sandbox.sks.cluster_autoscaler.settings import Settings
from sandbox.sks.cluster_autoscaler.state import State, age, is_unschedulable, with_pods
from sandbox.sks.cluster_autoscaler.status import STAND_IN, GroupStatus, Status
from sandbox.sks.exoscale_client import Client

_log = logging.getLogger(__name__)

_NEW_PODS = timedelta(seconds=2)
"""Pods that are all younger wait for a loop: more may follow."""


@dataclass
class _Backoff:
    until: float
    seconds: float
    error: str


class Autoscaler:
    """Runs the loop in a thread until it is stopped.

    Args:
        pod: the pod whose program it is.
        settings: the program's arguments.
        api_client: a client of the API server, as the pod's service account.
        cloud: returns a client of the zone with the pod's key; called until it succeeds.
    """

    def __init__(
        self,
        pod: Object,
        settings: Settings,
        api_client: client.ApiClient,
        cloud: Callable[[], Client],
    ) -> None:
        self._pod, self._settings, self._cloud = pod, settings, cloud
        self._cluster = Cluster(api_client)
        self._groups: NodeGroups | None = None
        self._status = Status(self._cluster, settings.namespace, settings.status_config_map_name)
        self._planner = Planner(settings)
        self._deletions: dict[str, Deletion] = {}
        self._backoffs: dict[str, _Backoff] = {}
        self._growing: dict[str, int] = {}
        self._last_up = self._last_failure = self._last_delete = -float("inf")
        self._last_error = ""
        self._stopping = threading.Event()
        name = f"cluster-autoscaler {pod['metadata']['name']}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stops the loop and the removals of nodes; `join` waits for that."""
        self._stopping.set()

    def join(self) -> None:
        self._thread.join()
        for deletion in self._deletions.values():
            deletion.join()

    def _run(self) -> None:
        started = False
        while True:
            try:
                if not started:
                    self._begin()
                    started = True
                self._loop()
                self._last_error = ""
            except ERRORS as error:
                text = reason(error)
                if text != self._last_error and not self._stopping.is_set():
                    _log.error("%s: %s", self._thread.name, text)
                self._last_error = text
            except Exception:
                _log.exception("%s", self._thread.name)
            if self._stopping.wait(self._settings.scan_interval):
                return

    def _begin(self) -> None:
        """Does what the program does once: it removes the taints of a removal that was cut off."""
        _log.info("%s: %s", self._thread.name, STAND_IN)
        self._cluster.event("Pod", self._pod, "StandIn", STAND_IN)
        self._groups = NodeGroups(self._cloud(), self._settings.nodes, self._stopping)
        if self._settings.write_status_configmap:
            self._status.initialize()
        for node in self._cluster.nodes():
            if any(t["key"] == TO_BE_DELETED for t in node["spec"].get("taints") or ()):
                cordoned = self._settings.cordon_node_before_terminating
                self._cluster.remove_taint(
                    node["metadata"]["name"], TO_BE_DELETED, uncordon=cordoned
                )

    def _loop(self) -> None:
        assert self._groups is not None
        settings = self._settings
        if settings.leader_elect:
            self._cluster.lead(settings.namespace, self._pod["metadata"]["name"])
        self._collect_deletions()
        pods = [p for p in self._cluster.pods() if self._counts(p)]
        nodes = [with_pods(node, pods) for node in self._cluster.nodes()]
        self._groups.update(nodes)
        state = State(nodes, self._groups, settings)
        try:
            if not state.is_healthy:
                self._status.tell("ClusterUnhealthy", "Cluster is unhealthy", warning=True)
                self._planner.unneeded.clear()
                return
            room = [*state.started, *state.upcoming()]
            waiting = self._grow(state, room, [pod for pod in pods if is_unschedulable(pod)])
            if settings.scale_down_enabled:
                self._shrink(state, waiting)
            if settings.enforce_node_group_min_size:
                self._fill(state)
        finally:
            if settings.write_status_configmap:
                self._status.write(
                    [self._shown(group, state) for group in self._groups],
                    healthy=state.is_healthy,
                )

    def _grow(self, state: State, room: list[Node], pods: list[Object]) -> bool:
        """Adds nodes for the pods; returns whether it waits for more pods instead."""
        settings = self._settings
        pods = scale_up.place(pods, room)
        pods = [p for p in pods if age(p).total_seconds() >= settings.new_pod_scale_up_delay]
        if not pods:
            return False
        ready = sum(is_ready(node.object) for node in state.nodes)
        if 0 < settings.max_nodes_total <= ready:
            text = f"Max total nodes in cluster reached: {settings.max_nodes_total}"
            self._status.tell("MaxNodesTotalReached", text, warning=True)
            for pod in pods:
                self._not_triggered(pod, "max total nodes in cluster reached")
            return False
        if all(age(pod) < _NEW_PODS for pod in pods):
            return True
        plan = scale_up.plan(
            pods,
            state.groups,
            state.templates,
            room,
            self._skipped(state),
            expander=settings.expander,
            max_nodes_total=settings.max_nodes_total,
        )
        if plan.option is None:
            for pod, why in plan.remaining:
                self._not_triggered(pod, why)
            return False
        group = plan.option.group
        before, after = group.size, min(group.size + plan.option.count, group.max_size)
        if self._scale(group, after):
            told = f"[{{{group.id} {before}->{after} (max: {group.max_size})}}]"
            for pod in plan.option.pods:
                text = f"pod triggered scale-up: {told}"
                self._cluster.event("Pod", pod, "TriggeredScaleUp", text)
        return False

    def _skipped(self, state: State) -> dict[str, str]:
        """Returns the reasons of groups that can't grow, by their IDs."""
        skipped = {}
        for group in state.groups:
            backoff = self._backoffs.get(group.id)
            if backoff and backoff.until > time.monotonic():
                skipped[group.id] = scale_up.IN_BACKOFF
            elif group.size >= group.max_size:
                skipped[group.id] = scale_up.AT_MAX
            elif group.id not in state.templates:
                skipped[group.id] = scale_up.NOT_READY
        return skipped

    def _scale(self, group: NodeGroup, size: int) -> bool:
        """Changes the size of a group; returns whether that succeeded."""
        assert self._groups is not None
        before = group.size
        text = f"to {size} instead of {before} (max: {group.max_size})"
        self._status.tell("ScaledUpGroup", f"Scale-up: setting group {group.id} size {text}")
        _log.info("%s: setting group %s size %s", self._thread.name, group.name, text)
        try:
            self._groups.scale(group, size)
        except CLOUD_ERRORS as error:
            why = reason(error)
            _log.error("%s: unable to scale %s: %s", self._thread.name, group.name, why)
            told = f"Scale-up failed for group {group.id}: {why}"
            self._status.tell("FailedToScaleUpGroup", told, warning=True)
            self._back_off(group, why)
            return False
        self._backoffs.pop(group.id, None)
        self._growing[group.id] = size
        self._last_up = time.monotonic()
        self._status.tell("ScaledUpGroup", f"Scale-up: group {group.id} size set {text}")
        return True

    def _back_off(self, group: NodeGroup, error: str) -> None:
        settings, before = self._settings, self._backoffs.get(group.id)
        seconds = settings.initial_node_group_backoff_duration
        if before:
            seconds = min(2 * before.seconds, settings.max_node_group_backoff_duration)
        self._backoffs[group.id] = _Backoff(time.monotonic() + seconds, seconds, error)

    def _fill(self, state: State) -> None:
        """Adds the nodes that groups below their minimum size miss."""
        for group in state.groups:
            if group.size < group.min_size and group.id not in self._skipped(state):
                self._scale(group, group.min_size)

    def _shrink(self, state: State, waiting: bool) -> None:
        """Removes nodes that have not been needed for long enough."""
        settings, now = self._settings, time.monotonic()
        self._planner.update(
            state.started, state.of_nodes, self._cluster.budgets(), self._deletions
        )
        cooling = (
            waiting
            or now < self._last_up + settings.scale_down_delay_after_add
            or now < self._last_delete + settings.scale_down_delay_after_delete
            or now < self._last_failure + settings.scale_down_delay_after_failure
        )
        if not cooling:
            for item in self._planner.removable(self._deletions):
                assert self._groups is not None
                deletion = Deletion(
                    item.node,
                    item.group,
                    item.pods,
                    self._cluster,
                    self._groups,
                    settings,
                    self._stopping,
                    self._status.tell,
                )
                deletion.start()
                self._deletions[item.node.name] = deletion
                self._planner.unneeded.pop(item.node.name)
                self._last_delete = now
        self._mark_candidates(state)

    def _mark_candidates(self, state: State) -> None:
        """Gives nodes that are not needed a taint, by which the scheduler avoids them."""
        left = self._settings.max_bulk_soft_taint_count
        for node in state.started:
            marked = any(taint["key"] == CANDIDATE for taint in node.taints)
            wanted = node.name in self._planner.unneeded
            if node.name not in state.of_nodes or marked == wanted or left < 1:
                continue
            if node.name in self._deletions:
                continue
            left -= 1
            if wanted:
                self._cluster.taint(node.name, CANDIDATE, "PreferNoSchedule")
            else:
                self._cluster.remove_taint(node.name, CANDIDATE)

    def _collect_deletions(self) -> None:
        for name, deletion in list(self._deletions.items()):
            if deletion.is_done:
                if deletion.failed:
                    self._last_failure = time.monotonic()
                del self._deletions[name]

    def _counts(self, pod: Object) -> bool:
        cutoff = self._settings.expendable_pods_priority_cutoff
        return int(pod["spec"].get("priority") or 0) >= cutoff

    def _not_triggered(self, pod: Object, why: str) -> None:
        text = f"pod didn't trigger scale-up: {why}"
        self._cluster.event("Pod", pod, "NotTriggerScaleUp", text)

    def _shown(self, group: NodeGroup, state: State) -> GroupStatus:
        counts = state.counts[group.id]
        if counts.ready >= self._growing.get(group.id, 0):
            self._growing.pop(group.id, None)
        backoff = self._backoffs.get(group.id)
        held = backoff is not None and backoff.until > time.monotonic()
        unneeded = self._planner.unneeded.values()
        return GroupStatus(
            group,
            counts,
            backoff=backoff.error if backoff and held else None,
            is_growing=group.id in self._growing,
            candidates=sum(item.group.id == group.id for item in unneeded),
        )
