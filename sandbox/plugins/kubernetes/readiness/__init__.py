"""Waiting until an object is ready or gone, kind by kind.

Which kinds are waited for: pulumi/pulumi-kubernetes, `provider/pkg/await/awaiters.go`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter, NotReady, Status
from sandbox.plugins.kubernetes.readiness.by_status import (
    ReplicationControllerAwaiter,
    ResourceQuotaAwaiter,
    TokenSecretAwaiter,
    is_token,
)
from sandbox.plugins.kubernetes.readiness.daemon_set import DaemonSetAwaiter
from sandbox.plugins.kubernetes.readiness.deletion import DeletionAwaiter
from sandbox.plugins.kubernetes.readiness.deployment import DeploymentAwaiter
from sandbox.plugins.kubernetes.readiness.ingress import IngressAwaiter
from sandbox.plugins.kubernetes.readiness.job import JobAwaiter
from sandbox.plugins.kubernetes.readiness.persistent_volume import (
    PersistentVolumeAwaiter,
    PersistentVolumeClaimAwaiter,
)
from sandbox.plugins.kubernetes.readiness.pod import PodAwaiter
from sandbox.plugins.kubernetes.readiness.service import ServiceAwaiter
from sandbox.plugins.kubernetes.readiness.stateful_set import StatefulSetAwaiter
from sandbox.plugins.kubernetes.readiness.wait_for import WAIT_FOR, WaitForAwaiter

if TYPE_CHECKING:
    from kubernetes.dynamic import DynamicClient

__all__ = ["NotReady", "check_ready", "wait_deleted", "wait_ready"]

SKIP_AWAIT: Final = "pulumi.com/skipAwait"
TIMEOUT_SECONDS: Final = "pulumi.com/timeoutSeconds"

_AWAITERS: Final[dict[tuple[str, str], Callable[[dict[str, Any], Status], Awaiter]]] = {
    ("apps/v1", "DaemonSet"): DaemonSetAwaiter,
    ("apps/v1", "Deployment"): DeploymentAwaiter,
    ("apps/v1", "StatefulSet"): StatefulSetAwaiter,
    ("batch/v1", "Job"): JobAwaiter,
    ("networking.k8s.io/v1", "Ingress"): IngressAwaiter,
    ("v1", "PersistentVolume"): PersistentVolumeAwaiter,
    ("v1", "PersistentVolumeClaim"): PersistentVolumeClaimAwaiter,
    ("v1", "Pod"): PodAwaiter,
    ("v1", "ReplicationController"): ReplicationControllerAwaiter,
    ("v1", "ResourceQuota"): ResourceQuotaAwaiter,
    ("v1", "Secret"): TokenSecretAwaiter,
    ("v1", "Service"): ServiceAwaiter,
}

_READ_AWAITED: Final = {
    "DaemonSet",
    "Deployment",
    "Ingress",
    "Job",
    "Pod",
    "Service",
    "StatefulSet",
}

_DELETED_AT_ONCE: Final = {
    ("v1", "Namespace"),
    ("v1", "Pod"),
    ("v1", "ReplicationController"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "Job"),
}


def wait_ready(
    client: DynamicClient,
    live: dict[str, Any],
    *,
    timeout: float | None,
    status: Callable[[str], None],
    cancelled: threading.Event,
) -> dict[str, Any]:
    """Wait until the object, just created or updated, is ready; at once for kinds that just are.

    Args:
        client: for the API server that has the object.
        live: the object as the API server answered it.
        timeout: in seconds; None for the annotation `pulumi.com/timeoutSeconds`, else the kind's.
        status: takes a line about what is being waited for.
        cancelled: set when the user interrupts.

    Returns:
        The object as it is when ready.

    Raises:
        NotReady: it did not become ready in time, or can't any more.
        ValueError: the annotation `pulumi.com/waitFor` can't be understood.
    """
    if _annotations(live).get(SKIP_AWAIT) == "true":
        status("Skipping await logic")
        return live
    awaiter = _awaiter(live, _distinct(status))
    if awaiter is None:
        return live
    from sandbox.plugins.kubernetes.readiness import waiting

    return waiting.wait(client, awaiter, _timeout(live, timeout, awaiter), cancelled)


def check_ready(client: DynamicClient, live: dict[str, Any], *, status: Status) -> None:
    """Look once whether the object is ready, as a refresh does.

    Raises:
        NotReady: if it is not.
    """
    if _annotations(live).get(SKIP_AWAIT) == "true" or live["kind"] not in _READ_AWAITED:
        return
    awaiter = _built_in(live, _distinct(status))
    if awaiter is None:
        return
    from sandbox.plugins.kubernetes.readiness import waiting

    waiting.check(client, awaiter)


def wait_deleted(
    client: DynamicClient,
    live: dict[str, Any],
    *,
    timeout: float | None,
    status: Callable[[str], None],
    cancelled: threading.Event,
) -> None:
    """Wait until the object, whose deletion was asked for, is gone.

    Args: as for `wait_ready`; `live` is the object as it was before.

    Raises:
        NotReady: it is still there when time is up.
    """
    kind = (live["apiVersion"], live["kind"])
    if _annotations(live).get(SKIP_AWAIT) == "true" and kind in _DELETED_AT_ONCE:
        return
    from sandbox.plugins.kubernetes.readiness import waiting

    awaiter = DeletionAwaiter(live, _distinct(status))
    waiting.wait_gone(client, awaiter, _timeout(live, timeout, awaiter), cancelled)


def _awaiter(live: dict[str, Any], status: Status) -> Awaiter | None:
    if _annotations(live).get(WAIT_FOR):
        return WaitForAwaiter(live, status)
    return _built_in(live, status)


def _built_in(live: dict[str, Any], status: Status) -> Awaiter | None:
    if live["kind"] == "Secret" and not is_token(live):
        return None
    make = _AWAITERS.get((live["apiVersion"], live["kind"]))
    return make(live, status) if make else None


def _annotations(live: dict[str, Any]) -> dict[str, str]:
    return live["metadata"].get("annotations") or {}


def _timeout(live: dict[str, Any], timeout: float | None, awaiter: Awaiter) -> float:
    if timeout:
        return timeout
    annotated = _annotations(live).get(TIMEOUT_SECONDS, "")
    return float(annotated) if annotated.isdecimal() else awaiter.default_timeout


def _distinct(status: Status) -> Status:
    last = ""

    def show(line: str) -> None:
        nonlocal last
        if line != last:
            last = line
            status(line)

    return show
