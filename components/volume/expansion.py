"""Stops the pod that uses an Exoscale volume while the volume grows, and refuses smaller volumes.

Exoscale's CSI driver does not expand an attached volume, and the Kubernetes plugin considers the
update of a bound claim done: `pulumi up` would succeed without a larger volume, and the disk would
fill up. Source: exoscale-csi-driver v0.34.3, driver/controller.go, `ControllerExpandVolume`.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import pulumi

from ..args.resources import quantity
from ..lifecycle.before_update import RefusedUpdate, before_update
from ..lifecycle.cluster_access import ClusterAccess
from ..lifecycle.kubernetes_api import ApiError, KubernetesApi
from ..lifecycle.rolled_out import Workload
from ..lifecycle.waiting import wait_until

SECONDS = 600
"""Timeout of each step in seconds: the pod's end, the volume's detachment and its growth."""

MANAGER = "pulumi-kubernetes"
"""A field manager whose fields the plugin takes over.

Source: pulumi-kubernetes 4.25, provider/pkg/await/await.go, `fixCSAFieldManagers`, `patchForce`.
"""
REMEDY = "Run `pulumi up` again; `kubectl describe pvc --namespace {}` shows Exoscale's error"


class VolumeUser(NamedTuple):
    """The workload whose only pod uses a volume.

    Attributes:
        kind: what messages call it: `database` or `application`.
        workload: the Deployment or StatefulSet.
        replicas: its number of pods in the settings.
    """

    kind: str
    workload: Workload
    replicas: int = 1

    @property
    def place(self) -> str:
        """`NAMESPACE/NAME`."""
        return f"{self.workload.namespace}/{self.workload.name}"


def expansion_hooks(
    name: str,
    setting: str,
    user: VolumeUser,
    access: ClusterAccess | None,
    *,
    online: bool = False,
) -> pulumi.ResourceHookBinding:
    """Returns a hook of the claim, which runs before an update and before its preview.

    Args:
        name: unique prefix of the hook's name.
        setting: the key of the size in the settings, for messages.
        user: the workload that is stopped meanwhile.
        access: access to the cluster.
        online: whether the volume is not one of Exoscale's. Kubernetes then expands it alone, and
            the hook only refuses a smaller one.
    """

    async def check_size(args: pulumi.ResourceHookArgs) -> None:
        before, after = (_storage(inputs) for inputs in (args.old_inputs, args.new_inputs))
        change = f"{user.place}: {setting}: {before} to {after}"
        if quantity(after) < quantity(before):
            raise RefusedUpdate(f"{change}: a volume can't shrink: set it to {before} or more")
        if online or quantity(after) == quantity(before):
            return
        if access is None:
            raise RefusedUpdate(f"{change}: requires the component's `access`")
        pulumi.info(f"{change}: the {user.kind} is stopped until its volume has grown")
        if not pulumi.runtime.is_dry_run():
            assert args.old_outputs
            claim = args.old_outputs["metadata"]["name"]
            api = await KubernetesApi.from_kubeconfig(access.kubeconfig, access.context)
            await expand(api, user, claim=claim, size=after)

    return before_update(f"{name}-expansion", check_size)


async def expand(api: KubernetesApi, user: VolumeUser, *, claim: str, size: str) -> None:
    """Stops the workload, expands the volume of its claim, and starts the workload.

    It does not wait for a pod that was not ready before, which may need another change too. Without
    the workload, which an `up` that failed has not created, it leaves the expansion to Pulumi.

    Raises:
        WaitTimeoutError: the volume stays attached, or does not grow. The workload is started
            anyway.
        ApiError: the API server rejects a request.
    """
    workload, namespace = user.workload.path, user.workload.namespace
    claim_path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim}"
    volume = (await api.get(claim_path))["spec"]["volumeName"]

    async def users() -> str:
        pods = await api.list(user.workload.pods)
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
        return "its pod is not ready" if _not_ready(await api.get(workload)) else ""

    async def scale(replicas: int) -> None:
        await api.patch(f"{workload}?fieldManager={MANAGER}", {"spec": {"replicas": replicas}})

    what, remedy = f"{user.kind} {user.place}", REMEDY.format(namespace)
    try:
        is_broken = _not_ready(await api.get(workload))
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return
        raise
    await scale(0)
    try:
        await wait_until(users, description=what, timeout=SECONDS, hint=remedy)
        request = {"spec": {"resources": {"requests": {"storage": size}}}}
        await api.patch(f"{claim_path}?fieldManager={MANAGER}", request)
        await wait_until(growth, description=what, timeout=SECONDS, hint=remedy)
    finally:
        await scale(user.replicas)
    if not is_broken:
        await wait_until(start, description=what, timeout=SECONDS, hint=remedy)


def _not_ready(workload: Mapping[str, Any]) -> bool:
    """Whether a workload has a pod that is not ready."""
    return bool(workload["spec"]["replicas"]) and not workload["status"].get("readyReplicas")


def _storage(inputs: Mapping[str, Any] | None) -> str:
    storage: str = (inputs or {})["spec"]["resources"]["requests"]["storage"]
    return storage


def _uses(pod: Mapping[str, Any], claim: str) -> bool:
    if pod["status"].get("phase") in ("Succeeded", "Failed"):
        return False
    volumes = pod["spec"].get("volumes") or ()
    return any(each.get("persistentVolumeClaim", {}).get("claimName") == claim for each in volumes)
