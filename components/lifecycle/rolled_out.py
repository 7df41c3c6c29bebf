"""What is missing until all pods of a Deployment or StatefulSet are those of its spec, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from .kubernetes_api import KubernetesApi

Object = Mapping[str, Any]

_TOLD = 3
"""Of how many pods or containers an error says what is wrong."""


class Workload(NamedTuple):
    """What has pods, by the collection in which the API server has it."""

    collection: Literal["deployments", "statefulsets"]
    namespace: str
    name: str

    @property
    def path(self) -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/{self.collection}/{self.name}"

    @property
    def pods(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"


async def missing_pods(api: KubernetesApi, workload: Workload) -> str:
    """What is missing until a rollout is done, and why; nothing if it is.

    By what `kubectl rollout status` looks at (kubernetes/kubectl, pkg/polymorphichelpers).

    Raises:
        ApiError: the API server does not answer, or refuses.
    """
    found = await api.get(workload.path)
    told = _of_stateful_set if workload.collection == "statefulsets" else _of_deployment
    missing = _not_seen(found) or told(found)
    if not missing:
        return ""
    pods = await api.list(workload.pods, labelSelector=pod_labels(found))
    newest_first = sorted(
        pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True
    )
    troubles = list(_troubles(newest_first))
    more = len(troubles) - _TOLD
    return "; ".join([missing, *troubles[:_TOLD], *([f"{more} more"] if more > 0 else [])])


def pod_labels(found: Object) -> str:
    """What selects the pods of a workload, for the API server."""
    labels = found["spec"]["selector"]["matchLabels"]
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _not_seen(found: Object) -> str:
    if found.get("status", {}).get("observedGeneration", 0) < found["metadata"]["generation"]:
        return "its controller has not seen the change"
    return ""


def _of_deployment(found: Object) -> str:
    wanted, status = found["spec"]["replicas"], found.get("status", {})
    updated = status.get("updatedReplicas", 0)
    if updated < wanted:
        return f"{updated} of {wanted} new pods are there"
    if former := status.get("replicas", 0) - updated:
        return f"{former} former pods are there still"
    available = status.get("availableReplicas", 0)
    if available < wanted:
        return f"{available} of {wanted} pods are available"
    return ""


def _of_stateful_set(found: Object) -> str:
    wanted, status = found["spec"]["replicas"], found.get("status", {})
    ready = status.get("readyReplicas", 0)
    if ready < wanted:
        return f"{ready} of {wanted} pods are ready"
    if status["updateRevision"] != status["currentRevision"]:
        return f"{status.get('updatedReplicas', 0)} of {wanted} pods are new"
    return ""


def _troubles(pods: Iterable[Object]) -> Iterable[str]:
    """Why containers don't run, or pods have no node, in the words of kubelet and scheduler."""
    for pod in pods:
        name, status = pod["metadata"]["name"], pod.get("status", {})
        for each in status.get("conditions", ()):
            if each["type"] == "PodScheduled" and each["status"] == "False":
                yield f"pod {name}: {each['reason']}: {each.get('message', '')}"
        kinds = ("initContainerStatuses", "containerStatuses")
        for container in (each for kind in kinds for each in status.get(kind, ())):
            waiting = container.get("state", {}).get("waiting")
            if waiting and waiting.get("message"):
                words = f"{waiting['reason']}: {waiting['message']}"
                yield f"pod {name}, container {container['name']}: {words}"
