"""The ConfigMap with the autoscaler's status.

Source: kubernetes/autoscaler, cluster-autoscaler 1.36, clusterstate/api/types.go,
clusterstate/utils/status.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import yaml
from kubernetes import client

from sandbox.sks.cluster_autoscaler.cluster import Cluster
from sandbox.sks.cluster_autoscaler.node_groups import NodeGroup
from sandbox.sks.cluster_autoscaler.scheduling import Object

STAND_IN = "This is the sandbox's stand-in of the cluster autoscaler, not the real program."
_UPDATED = "cluster-autoscaler.kubernetes.io/last-updated"
_NOTE = "sandbox/stand-in"


@dataclass
class Counts:
    """Numbers of registered nodes."""

    ready: int = 0
    not_started: int = 0
    unready: int = 0

    @property
    def total(self) -> int:
        return self.ready + self.not_started + self.unready


@dataclass
class GroupStatus:
    """What is shown about a group."""

    group: NodeGroup
    counts: Counts
    backoff: str | None = None
    """The error of the scale-up that failed last, None if the group may grow."""
    is_growing: bool = False
    candidates: int = 0


@dataclass
class Status:
    """Writes the ConfigMap, and Events on it."""

    cluster: Cluster
    namespace: str
    name: str
    object: Object | None = None
    _since: dict[tuple[str, ...], tuple[str, str]] = field(default_factory=dict)

    def tell(self, reason: str, text: str, *, warning: bool = False) -> None:
        """Writes an Event on the ConfigMap, if there is one."""
        if self.object is not None:
            self.cluster.event("ConfigMap", self.object, reason, text, warning=warning)

    def initialize(self) -> None:
        """Creates the ConfigMap."""
        self._write({"autoscalerStatus": "Initializing"})

    def write(self, groups: Iterable[GroupStatus], *, healthy: bool) -> None:
        """Writes the current status."""
        listed = list(groups)
        total = Counts()
        for item in listed:
            total.ready += item.counts.ready
            total.not_started += item.counts.not_started
            total.unready += item.counts.unready
        growing, candidates = any(g.is_growing for g in listed), sum(g.candidates for g in listed)
        unregistered = sum(max(0, g.group.size - g.counts.total) for g in listed)
        self._write(
            {
                "autoscalerStatus": "Running",
                "clusterWide": {
                    "health": self._condition(
                        ("health",), _health(healthy), nodeCounts=_counts(total, unregistered)
                    ),
                    "scaleUp": self._condition(("up",), "InProgress" if growing else "NoActivity"),
                    "scaleDown": self._down(("down",), candidates),
                },
                "nodeGroups": [self._group(item, healthy) for item in listed],
            }
        )

    def _group(self, item: GroupStatus, healthy: bool) -> dict[str, Any]:
        group = item.group
        missing = max(0, group.size - item.counts.total)
        state = "Backoff" if item.backoff else "InProgress" if item.is_growing else "NoActivity"
        failure = {"backoffInfo": {"errorCode": "cloudProviderError", "errorMessage": item.backoff}}
        return {
            "name": group.id,
            "health": self._condition(
                (group.id, "health"),
                _health(healthy),
                nodeCounts=_counts(item.counts, missing),
                cloudProviderTarget=group.size,
                minSize=group.min_size,
                maxSize=group.max_size,
            ),
            "scaleUp": self._condition(
                (group.id, "up"), state, **(failure if item.backoff else {"backoffInfo": {}})
            ),
            "scaleDown": self._down((group.id, "down"), item.candidates),
        }

    def _down(self, key: tuple[str, ...], candidates: int) -> dict[str, Any]:
        if not candidates:
            return self._condition(key, "NoCandidates")
        return self._condition(key, "CandidatesPresent", candidates=candidates)

    def _condition(self, key: tuple[str, ...], status: str, **more: Any) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        before, since = self._since.get(key, ("", now))
        since = since if before == status else now
        self._since[key] = (status, since)
        return {"status": status, **more, "lastProbeTime": now, "lastTransitionTime": since}

    def _write(self, status: Mapping[str, Any]) -> None:
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} +0000 UTC"
        text = yaml.safe_dump({"time": now, **status}, sort_keys=False)
        core = self.cluster.core
        try:
            found = core.read_namespaced_config_map(self.name, self.namespace)
        except client.ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            metadata = {"name": self.name, "annotations": {_UPDATED: now, _NOTE: STAND_IN}}
            body = {"metadata": metadata, "data": {"status": text}}
            found = core.create_namespaced_config_map(self.namespace, body)
        else:
            found.data = {**(found.data or {}), "status": text}
            annotations = found.metadata.annotations or {}
            found.metadata.annotations = {**annotations, _UPDATED: now, _NOTE: STAND_IN}
            found = core.replace_namespaced_config_map(self.name, self.namespace, found)
        self.object = core.api_client.sanitize_for_serialization(found)


def _health(healthy: bool) -> str:
    return "Healthy" if healthy else "Unhealthy"


def _counts(counts: Counts, unregistered: int) -> dict[str, Any]:
    return {
        "registered": {
            "total": counts.total,
            "ready": counts.ready,
            "notStarted": counts.not_started,
            "unready": {"total": counts.unready, "resourceUnready": 0},
        },
        "longUnregistered": 0,
        "unregistered": unregistered,
    }
