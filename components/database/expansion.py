"""Stops a database while its Exoscale volume grows.

Exoscale's CSI driver does not expand an attached volume, and the Kubernetes plugin considers the
update of a bound claim done: `pulumi up` would succeed without a larger volume, and the disk would
fill up. Source: exoscale-csi-driver v0.34.3, driver/controller.go, `ControllerExpandVolume`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from ..args.resources import quantity
from ..lifecycle.before_update import RefusedUpdate, before_update
from ..lifecycle.cluster_access import ClusterAccess
from ..lifecycle.kubernetes_api import KubernetesApi
from ..lifecycle.waiting import wait_until

SECONDS = 600
"""Timeout of each step in seconds: the pod's end, the volume's detachment and its growth."""

MANAGER = "pulumi-kubernetes"
"""A field manager whose fields the plugin takes over.

Source: pulumi-kubernetes 4.25, provider/pkg/await/await.go, `fixCSAFieldManagers`, `patchForce`.
"""
REMEDY = "Run `pulumi up` again; `kubectl describe pvc --namespace {}` shows Exoscale's error"


def expansion_hooks(
    name: str, namespace: str, access: ClusterAccess | None
) -> pulumi.ResourceHookBinding:
    """Returns a hook of the claim, which runs before an update and before its preview."""

    async def expand_if_larger(args: pulumi.ResourceHookArgs) -> None:
        before, after = (_storage(inputs) for inputs in (args.old_inputs, args.new_inputs))
        if quantity(after) <= quantity(before):
            return
        change = f"{namespace}/{name}: database.storage: {before} to {after}"
        if access is None:
            raise RefusedUpdate(f"{change}: requires the component's `access`")
        pulumi.info(f"{change}: the database is stopped until its volume has grown")
        if not pulumi.runtime.is_dry_run():
            assert args.old_outputs
            claim = args.old_outputs["metadata"]["name"]
            api = await KubernetesApi.from_kubeconfig(access.kubeconfig, access.context)
            await expand(api, namespace, name, claim=claim, size=after)

    return before_update(f"{name}-expansion", expand_if_larger)


async def expand(api: KubernetesApi, namespace: str, name: str, *, claim: str, size: str) -> None:
    """Stops the StatefulSet `name`, expands the volume of its claim, and starts the StatefulSet.

    Raises:
        WaitTimeoutError: the volume stays attached, or does not grow. The StatefulSet is started
            anyway.
        ApiError: the API server rejects a request.
    """
    claim_path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim}"
    volume = (await api.get(claim_path))["spec"]["volumeName"]
    workload = f"/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}"

    async def users() -> str:
        pods = await api.list(f"/api/v1/namespaces/{namespace}/pods")
        found = [pod["metadata"]["name"] for pod in pods if _uses(pod, claim)]
        if found:
            return f"its volume is used by {', '.join(found)}"
        attachments = await api.list("/apis/storage.k8s.io/v1/volumeattachments")
        attached = any(
            each["spec"]["source"].get("persistentVolumeName") == volume for each in attachments
        )
        return "its volume is attached" if attached else ""

    async def growth() -> str:
        capacity = (await api.get(f"/api/v1/persistentvolumes/{volume}"))["spec"]["capacity"]
        has = capacity["storage"]
        return f"its volume has {has}" if quantity(has) < quantity(size) else ""

    async def start() -> str:
        ready = (await api.get(workload))["status"].get("readyReplicas", 0)
        return "" if ready else "its pod is not ready"

    what, remedy = f"database {namespace}/{name}", REMEDY.format(namespace)
    await api.patch(f"{workload}/scale", {"spec": {"replicas": 0}})
    try:
        await wait_until(users, description=what, timeout=SECONDS, hint=remedy)
        request = {"spec": {"resources": {"requests": {"storage": size}}}}
        await api.patch(f"{claim_path}?fieldManager={MANAGER}", request)
        await wait_until(growth, description=what, timeout=SECONDS, hint=remedy)
    finally:
        await api.patch(f"{workload}/scale", {"spec": {"replicas": 1}})
    await wait_until(start, description=what, timeout=SECONDS, hint=remedy)


def _storage(inputs: Mapping[str, Any] | None) -> str:
    storage: str = (inputs or {})["spec"]["resources"]["requests"]["storage"]
    return storage


def _uses(pod: Mapping[str, Any], claim: str) -> bool:
    if pod["status"].get("phase") in ("Succeeded", "Failed"):
        return False
    volumes = pod["spec"].get("volumes") or ()
    return any(each.get("persistentVolumeClaim", {}).get("claimName") == claim for each in volumes)
