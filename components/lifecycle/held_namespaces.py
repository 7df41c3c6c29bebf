"""Namespaces that are deleted, and what holds them.

The Kubernetes plugin waits ten minutes for a namespace without a word, and then names the
finalizers of the namespace itself, of which there are none: those of objects in it hold it. The
API server tells them in the namespace's conditions. Sources: pulumi-kubernetes 4.25,
provider/pkg/await/condition/deleted.go; kubernetes/kubernetes,
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
"""A namespace is gone after five seconds if nothing holds it."""


def report_blocked_namespaces(access: ClusterAccess) -> None:
    """Tells, during an `up`, what holds this stack's namespaces that are being deleted.

    The engine deletes after it has heard of all resources, and the program goes on until then.
    Between two looks there is a timer and no task, which asyncio would miss at the end.
    """
    loop = asyncio.get_running_loop()

    def look_in(seconds: float) -> None:
        loop.call_later(seconds, lambda: loop.create_task(look(seconds)))

    async def look(waited: float) -> None:
        held = await _held(access)
        for line in held:
            pulumi.info(line)
        look_in(min(2 * waited, MAX_MESSAGE_SECONDS) if held else CHECK_SECONDS)

    look_in(CHECK_SECONDS)


async def _held(access: ClusterAccess) -> list[str]:
    """Returns nothing where the API server refuses: the plugin tells that."""
    try:
        api = await KubernetesApi.from_kubeconfig(access.kubeconfig, access.context)
        return blocked_namespaces(await api.list("/api/v1/namespaces"), this_stack())
    except ApiError:
        return []


def blocked_namespaces(namespaces: Iterable[Mapping[str, Any]], stack: str) -> list[str]:
    """Returns a line for each namespace of the stack that is being deleted and is not gone."""
    return [
        f"namespace {metadata['name']} is being deleted, and is held: {_reason(namespace)}"
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
