"""The objects of the cluster, as the pod's service account sees and changes them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from kubernetes import client

from sandbox.sks.cluster_autoscaler.errors import reason
from sandbox.sks.cluster_autoscaler.scheduling import Node, Object
from sandbox.sks.events import EventRecorder

SOURCE = "cluster-autoscaler"
TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler"
CANDIDATE = "DeletionCandidateOfClusterAutoscaler"
_DUPLICATE_SECONDS = 300.0
_RETRIES = 5


class Cluster:
    """Reads objects as JSON, and changes nodes, with only the permissions of the account."""

    def __init__(self, api_client: client.ApiClient) -> None:
        self.core = client.CoreV1Api(api_client)
        self._policy = client.PolicyV1Api(api_client)
        self._coordination = client.CoordinationV1Api(api_client)
        self._recorders: dict[str, EventRecorder] = {}
        self._written: dict[tuple[str, ...], float] = {}

    def nodes(self) -> list[Object]:
        return _items(self.core.list_node)

    def pods(self) -> list[Object]:
        """Returns the pods that have not ended."""
        selector = "status.phase!=Succeeded,status.phase!=Failed"
        return _items(self.core.list_pod_for_all_namespaces, field_selector=selector)

    def budgets(self) -> list[Object]:
        """Returns the disruption budgets."""
        return _items(self._policy.list_pod_disruption_budget_for_all_namespaces)

    def pod_is_on(self, pod: Object, node: Node) -> bool:
        """Returns whether a pod is still on the node."""
        metadata = pod["metadata"]
        try:
            answer = self.core.read_namespaced_pod(metadata["name"], metadata["namespace"])
        except client.ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return bool(answer.spec.node_name == node.name)

    def evict(self, pod: Object, grace_seconds: int) -> str | None:
        """Evicts a pod; returns why the API server doesn't allow it now, None if it does."""
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        body = client.V1Eviction(
            metadata=client.V1ObjectMeta(name=name, namespace=namespace),
            delete_options=client.V1DeleteOptions(grace_period_seconds=grace_seconds),
        )
        try:
            self.core.create_namespaced_pod_eviction(name, namespace, body)
        except client.ApiException as error:
            return None if error.status == HTTPStatus.NOT_FOUND else reason(error)
        return None

    def taint(self, name: str, key: str, effect: str, *, cordon: bool = False) -> None:
        """Adds a taint whose value is the current time, and marks the node as unschedulable."""
        own = {"key": key, "value": str(int(time.time())), "effect": effect}

        def change(spec: dict[str, Any]) -> None:
            spec["taints"] = [*(t for t in spec.get("taints") or () if t["key"] != key), own]
            if cordon:
                spec["unschedulable"] = True

        self._change(name, change)

    def remove_taint(self, name: str, key: str, *, uncordon: bool = False) -> None:
        """Removes a taint, if the node exists, and makes the node schedulable."""

        def change(spec: dict[str, Any]) -> None:
            spec["taints"] = [t for t in spec.get("taints") or () if t["key"] != key]
            if uncordon:
                spec["unschedulable"] = False

        try:
            self._change(name, change)
        except client.ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def lead(self, namespace: str, holder: str) -> None:
        """Writes the Lease of the leader's election. The sandbox runs one program of a cluster."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": now}
        try:
            lease = self._coordination.read_namespaced_lease(SOURCE, namespace)
            body = self.core.api_client.sanitize_for_serialization(lease)
            body["spec"] = {**body["spec"], **spec}
            self._coordination.replace_namespaced_lease(SOURCE, namespace, body)
        except client.ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            body = {"metadata": {"name": SOURCE}, "spec": {**spec, "acquireTime": now}}
            self._coordination.create_namespaced_lease(namespace, body)

    def event(
        self, kind: str, object: Object, why: str, text: str, *, warning: bool = False
    ) -> None:
        """Writes an Event, unless the same one was written in the last five minutes."""
        key = (object["metadata"]["uid"], why, text)
        now = time.monotonic()
        if now - self._written.get(key, -_DUPLICATE_SECONDS) < _DUPLICATE_SECONDS:
            return
        self._written = {k: t for k, t in self._written.items() if now - t < _DUPLICATE_SECONDS}
        self._written[key] = now
        recorder = self._recorders.setdefault(kind, EventRecorder(self.core, kind, SOURCE))
        write = recorder.warning if warning else recorder.normal
        write(dict(object), why, text)

    def _change(self, name: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Changes a node's specification by an update: the chart's role doesn't allow patches."""
        for attempt in range(_RETRIES):
            node = json.loads(self.core.read_node(name, _preload_content=False).data)
            change(node["spec"])
            try:
                self.core.replace_node(name, node)
            except client.ApiException as error:
                if error.status != HTTPStatus.CONFLICT or attempt == _RETRIES - 1:
                    raise
            else:
                return


def is_ready(node: Object) -> bool:
    return ready_condition(node).get("status") == "True"


def ready_condition(node: Object) -> Mapping[str, Any]:
    conditions = node["status"].get("conditions") or ()
    return next((item for item in conditions if item["type"] == "Ready"), {})


def _items(method: Callable[..., Any], **arguments: Any) -> list[Object]:
    return list(json.loads(method(_preload_content=False, **arguments).data)["items"])
