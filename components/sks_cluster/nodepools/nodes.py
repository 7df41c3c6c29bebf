"""Reads, cordons and drains nodes through the API server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...exoscale.placement import NODEPOOL_LABEL
from ...lifecycle.kubernetes_api import KubernetesApi

MIRROR_ANNOTATION = "kubernetes.io/config.mirror"

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod on a node.

    Attributes:
        daemon_set: name of the DaemonSet that owns the pod; None for other pods.
        leaving: whether the pod is being deleted.
        finished: whether all of its containers have terminated.
    """

    uid: str
    namespace: str
    name: str
    daemon_set: str | None
    ready: bool
    leaving: bool
    finished: bool

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


async def nodes_of(api: KubernetesApi, identities: Iterable[str]) -> list[Object]:
    """Returns the nodes of the nodepools with these IDs."""
    selector = f"{NODEPOOL_LABEL} in ({','.join(sorted(identities))})"
    return [*await api.list("/api/v1/nodes", labelSelector=selector)]


def is_ready(node: Object) -> bool:
    """Returns whether the node has the condition Ready."""
    return _condition(node) == "True"


async def cordon(api: KubernetesApi, nodes: Iterable[Object]) -> None:
    """Marks nodes as unschedulable."""
    for node in nodes:
        if not node["spec"].get("unschedulable"):
            path = f"/api/v1/nodes/{node['metadata']['name']}"
            await api.patch(path, {"spec": {"unschedulable": True}})


async def uncordon(api: KubernetesApi, nodes: Iterable[Object]) -> None:
    """Marks nodes as schedulable."""
    for node in nodes:
        await api.patch(
            f"/api/v1/nodes/{node['metadata']['name']}", {"spec": {"unschedulable": None}}
        )


async def pods_of(api: KubernetesApi, nodes: Iterable[Object]) -> list[Pod]:
    """Returns the pods on the nodes, except static pods, which kubelets run from files."""
    found: list[Object] = []
    for node in nodes:
        where = f"spec.nodeName={node['metadata']['name']}"
        found += await api.list("/api/v1/pods", fieldSelector=where)
    return [_pod(pod) for pod in found if MIRROR_ANNOTATION not in _annotations(pod)]


async def evict(api: KubernetesApi, pod: Pod) -> None:
    """Evicts a pod if its disruption budgets allow it.

    Raises:
        ApiError: 429 if a budget does not allow it now; 404 if the pod no longer exists.
    """
    metadata = {"namespace": pod.namespace, "name": pod.name}
    path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/eviction"
    document = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
    await api.create(path, document)


def _pod(pod: Object) -> Pod:
    metadata = pod["metadata"]
    owners = metadata.get("ownerReferences") or ()
    daemon_sets = (owner["name"] for owner in owners if owner["kind"] == "DaemonSet")
    return Pod(
        uid=metadata["uid"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        daemon_set=next(daemon_sets, None),
        ready=_condition(pod) == "True",
        leaving="deletionTimestamp" in metadata,
        finished=pod["status"].get("phase") in ("Succeeded", "Failed"),
    )


def _condition(thing: Object) -> str | None:
    """Returns the status of a node's or pod's condition Ready; None without the condition."""
    conditions = thing["status"].get("conditions") or ()
    return next((c["status"] for c in conditions if c["type"] == "Ready"), None)


def _annotations(pod: Object) -> Object:
    return pod["metadata"].get("annotations") or {}
