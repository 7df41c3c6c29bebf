"""Reports why the deletion of a namespace is blocked.

The Kubernetes plugin waits ten minutes for the deletion without a message. Its error then names the
finalizers of the namespace itself, which has none: finalizers of objects in the namespace block the
deletion. The API server reports these in the namespace's conditions. Sources: pulumi-kubernetes
4.25, provider/pkg/await/condition/deleted.go; kubernetes/kubernetes,
pkg/controller/namespace/deletion/status_condition_utils.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from .cluster_access import ClusterAccess
from .kubernetes_api import ApiError, KubernetesApi
from .ownership import STACK, this_stack
from .waiting import MAX_MESSAGE_SECONDS

CHECK_SECONDS = 10.0
"""Interval of the checks. An unblocked deletion takes five seconds."""


def report_blocked_namespaces(access: ClusterAccess) -> None:
    """Reports, during an `up`, what blocks the deletion of this stack's namespaces.

    The engine deletes resources after all registrations, and the program keeps running until then.
    Between two checks there is only a timer, because asyncio complains about tasks that are
    pending when the program ends.
    """
    loop = asyncio.get_running_loop()

    def schedule(seconds: float) -> None:
        loop.call_later(seconds, lambda: loop.create_task(check(seconds)))

    async def check(waited: float) -> None:
        blocked = await _blocked(access)
        for line in blocked:
            pulumi.info(line)
        schedule(min(2 * waited, MAX_MESSAGE_SECONDS) if blocked else CHECK_SECONDS)

    schedule(CHECK_SECONDS)


async def _blocked(access: ClusterAccess) -> list[str]:
    """Returns an empty list if the API server fails, because the plugin reports that."""
    try:
        api = await KubernetesApi.from_kubeconfig(access.kubeconfig, access.context)
        return blocked_namespaces(await api.list("/api/v1/namespaces"), this_stack())
    except ApiError:
        return []


def blocked_namespaces(namespaces: Iterable[Mapping[str, Any]], stack: str) -> list[str]:
    """Returns a message for each namespace of the stack that is still being deleted."""
    return [
        f"namespace {metadata['name']} is still being deleted: {_reason(namespace)}"
        for namespace in namespaces
        if (metadata := namespace["metadata"]).get("deletionTimestamp")
        and (metadata.get("annotations") or {}).get(STACK) == stack
    ]


def _reason(namespace: Mapping[str, Any]) -> str:
    conditions = (namespace.get("status") or {}).get("conditions") or ()
    reasons = [each["message"] for each in conditions if each["status"] == "True"]
    if own := namespace["metadata"].get("finalizers"):
        reasons.append(f"it has the finalizers {', '.join(own)}")
    return "; ".join(reasons) or "the API server gives no reason yet"
