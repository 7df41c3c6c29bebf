"""Finds out what is missing until a rollout of a Deployment or StatefulSet is complete, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from .kubernetes_api import KubernetesApi

Object = Mapping[str, Any]

_MAX_PROBLEMS = 3
"""Maximum number of pods or containers whose problems an error contains."""


class Workload(NamedTuple):
    """A Deployment or StatefulSet."""

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
    """Returns what is missing until a rollout is complete, and why. Empty if it is complete.

    It checks what `kubectl rollout status` checks (kubernetes/kubectl, pkg/polymorphichelpers).

    Raises:
        ApiError: the API server fails or does not answer.
    """
    found = await api.get(workload.path)
    missing_of = _of_stateful_set if workload.collection == "statefulsets" else _of_deployment
    missing = _not_observed(found) or missing_of(found)
    if not missing:
        return ""
    pods = await api.list(workload.pods, labelSelector=pod_labels(found))
    newest_first = sorted(
        pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True
    )
    problems = list(_problems(newest_first))
    more = len(problems) - _MAX_PROBLEMS
    return "; ".join([missing, *problems[:_MAX_PROBLEMS], *([f"{more} more"] if more > 0 else [])])


def pod_labels(found: Object) -> str:
    """Returns the label selector of a workload's pods, in the API's format."""
    labels = found["spec"]["selector"]["matchLabels"]
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _not_observed(found: Object) -> str:
    if found.get("status", {}).get("observedGeneration", 0) < found["metadata"]["generation"]:
        return "its controller has not observed the change"
    return ""


def _of_deployment(found: Object) -> str:
    desired, status = found["spec"]["replicas"], found.get("status", {})
    updated = status.get("updatedReplicas", 0)
    if updated < desired:
        return f"{updated} of {desired} new pods exist"
    if previous := status.get("replicas", 0) - updated:
        return f"{previous} previous pods still exist"
    available = status.get("availableReplicas", 0)
    if available < desired:
        return f"{available} of {desired} pods are available"
    return ""


def _of_stateful_set(found: Object) -> str:
    desired, status = found["spec"]["replicas"], found.get("status", {})
    ready = status.get("readyReplicas", 0)
    if ready < desired:
        return f"{ready} of {desired} pods are ready"
    if status["updateRevision"] != status["currentRevision"]:
        return f"{status.get('updatedReplicas', 0)} of {desired} pods are new"
    return ""


def _problems(pods: Iterable[Object]) -> Iterable[str]:
    """Yields the reasons why containers don't run or pods have no node."""
    for pod in pods:
        name, status = pod["metadata"]["name"], pod.get("status", {})
        for each in status.get("conditions", ()):
            if each["type"] == "PodScheduled" and each["status"] == "False":
                yield f"pod {name}: {each['reason']}: {each.get('message', '')}"
        kinds = ("initContainerStatuses", "containerStatuses")
        for container in (each for kind in kinds for each in status.get(kind, ())):
            waiting = container.get("state", {}).get("waiting")
            if waiting and waiting.get("message"):
                reason = f"{waiting['reason']}: {waiting['message']}"
                yield f"pod {name}, container {container['name']}: {reason}"
