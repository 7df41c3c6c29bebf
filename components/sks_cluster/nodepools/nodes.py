"""Nodes of nodepools, and the pods on them, as the API server has them."""

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
        daemon_set: the name of the DaemonSet by which it belongs to its node; None for others.
        leaving: whether it is being deleted.
        finished: whether it has ended by itself.
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
    """The nodes of these nodepools."""
    selector = f"{NODEPOOL_LABEL} in ({','.join(sorted(identities))})"
    return [*await api.list("/api/v1/nodes", labelSelector=selector)]


def is_ready(node: Object) -> bool:
    """Whether the node's kubelet says that pods can run there."""
    return _condition(node) == "True"


async def cordon(api: KubernetesApi, nodes: Iterable[Object]) -> None:
    """Have no new pod put on the nodes."""
    for node in nodes:
        if not node["spec"].get("unschedulable"):
            path = f"/api/v1/nodes/{node['metadata']['name']}"
            await api.patch(path, {"spec": {"unschedulable": True}})


async def uncordon(api: KubernetesApi, nodes: Iterable[Object]) -> None:
    """Let new pods be put on the nodes again."""
    for node in nodes:
        await api.patch(
            f"/api/v1/nodes/{node['metadata']['name']}", {"spec": {"unschedulable": None}}
        )


async def pods_of(api: KubernetesApi, nodes: Iterable[Object]) -> list[Pod]:
    """The pods on the nodes; not those that a kubelet runs by itself from files."""
    found: list[Object] = []
    for node in nodes:
        where = f"spec.nodeName={node['metadata']['name']}"
        found += await api.list("/api/v1/pods", fieldSelector=where)
    return [_pod(pod) for pod in found if MIRROR_ANNOTATION not in _annotations(pod)]


async def evict(api: KubernetesApi, pod: Pod) -> None:
    """Ask for the pod to be deleted, as its disruption budgets allow.

    Raises:
        ApiError: 429 if a budget does not allow it now; 404 if the pod is gone.
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
    """The state of the condition Ready, which nodes and pods have."""
    conditions = thing["status"].get("conditions") or ()
    return next((c["status"] for c in conditions if c["type"] == "Ready"), None)


def _annotations(pod: Object) -> Object:
    return pod["metadata"].get("annotations") or {}
