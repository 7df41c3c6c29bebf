"""The pods that resources make, and their containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.rule import Resource

Pod = Mapping[str, Any]
Container = Mapping[str, Any]

WITH_TEMPLATE = ("DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet")


def pod_of(resource: Resource) -> Pod | None:
    """The specification of a resource's pods, None if it makes none."""
    if not resource.type.startswith("kubernetes:"):
        return None
    if resource.kind == "Pod":
        return resource.spec
    if resource.kind in WITH_TEMPLATE:
        return _template(resource.spec)
    if resource.kind == "CronJob":
        return _template(resource.spec["jobTemplate"]["spec"])
    return None


def _template(spec: Mapping[str, Any]) -> Pod:
    pod: Pod = spec["template"]["spec"]
    return pod


def containers_of(resource: Resource) -> Iterator[tuple[Pod, Container]]:
    """Each container of a resource's pods, with the pod."""
    pod = pod_of(resource)
    if pod is not None:
        for key in ("initContainers", "containers"):
            for container in pod.get(key) or ():
                yield pod, container


def security(of: Pod | Container) -> Mapping[str, Any]:
    """The security context of a pod or a container."""
    context: Mapping[str, Any] = of.get("securityContext") or {}
    return context
