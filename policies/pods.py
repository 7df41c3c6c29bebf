"""The pods of workloads, and their containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.rule import Resource

Pod = Mapping[str, Any]
Container = Mapping[str, Any]

POD = "kubernetes:core/v1:Pod"
CRON_JOB = "kubernetes:batch/v1:CronJob"
REPLICATED = ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")
TEMPLATE_TYPES = (*REPLICATED, "kubernetes:apps/v1:DaemonSet", "kubernetes:batch/v1:Job")


def pod_spec(resource: Resource) -> Pod | None:
    """Returns the specification of a resource's pods, or None if it has no pods."""
    if resource.type == POD:
        return resource.spec
    if resource.type in TEMPLATE_TYPES:
        return _template(resource.spec)
    if resource.type == CRON_JOB:
        return _template(resource.spec["jobTemplate"]["spec"])
    return None


def _template(spec: Mapping[str, Any]) -> Pod:
    pod: Pod = spec["template"]["spec"]
    return pod


def pod_containers(resource: Resource) -> Iterator[tuple[Pod, Container]]:
    """Yields each container of a resource's pods, with the specification of the pod."""
    pod = pod_spec(resource)
    if pod is not None:
        for key in ("initContainers", "containers"):
            for container in pod.get(key) or ():
                yield pod, container


def security_context(of: Pod | Container) -> Mapping[str, Any]:
    """Returns the security context of a pod or a container."""
    context: Mapping[str, Any] = of.get("securityContext") or {}
    return context
