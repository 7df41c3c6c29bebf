"""Uses a volume again that was kept when its claim was deleted: `volume: kept`.

The PersistentVolume of a deleted claim stays in the cluster and names that claim. A hook runs
before the new claim is created, also in previews, finds the volume by the name of the former claim,
and reserves it for the new one. Kubernetes then binds them. No other claim can get the volume.

Source: kubernetes.io/docs/concepts/storage/persistent-volumes, "Reserving a PersistentVolume".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from ..args.resources import quantity
from ..lifecycle.cluster_access import ClusterAccess
from ..lifecycle.kubernetes_api import ApiError, KubernetesApi
from ..lifecycle.waiting import wait_until
from ..manifests.names import is_generated
from .args import KEPT, ClaimedVolume

VOLUMES = "/api/v1/persistentvolumes"
RELEASED, AVAILABLE = "Released", "Available"
WITHOUT_CLAIM = (RELEASED, AVAILABLE)
"""Phases of volumes that no claim uses. A reserved volume is Available until its claim exists,
which an interrupted `up` has not created."""

SECONDS = 60
"""Timeout of each change of a volume's phase, in seconds."""

NO_CLAIM = "deleted"
"""The ID of a claim that does not exist."""


class NoKeptVolume(Exception):
    """No kept volume, or none that fits. The message names the setting and a solution."""


def reuse_kept_volume(
    name: str,
    setting: str,
    place: str,
    claim: str,
    volume: ClaimedVolume,
    access: ClusterAccess | None,
) -> pulumi.ResourceHookBinding:
    """Returns a hook of a claim with `volume: kept`, which reserves the kept volume for it.

    Args:
        name: unique prefix of the hook's name.
        setting: the key of the volume in the settings, for messages.
        place: NAMESPACE/NAME of the workload that uses it, for messages.
        claim: the name of the claim's resource without the namespace.
        volume: the settings of the volume.
        access: access to the cluster.
    """
    where = f"{place}: {setting}: {KEPT}"

    async def reserve(args: pulumi.ResourceHookArgs) -> None:
        if access is None:
            raise NoKeptVolume(f"{where}: requires the component's `access`")
        if not await access.kubeconfig.is_known():
            return
        inputs: Any = args.new_inputs
        metadata: Any = await pulumi.Output.from_input(inputs["metadata"]).future(
            with_unknowns=True  # labels may be known later
        )
        preview = pulumi.runtime.is_dry_run()
        try:
            api = await KubernetesApi.from_kubeconfig(access.kubeconfig, access.context)
            volumes = await api.list(VOLUMES)
        except ApiError as error:
            if preview and not error.status:  # the Kubernetes plugin warns about the cluster
                return
            raise
        found = kept_volume(volumes, metadata["namespace"], claim, volume, where)
        pulumi.info(f"{where}: {_described(found)} is used again, with its data")
        if not preview:
            await reserve_volume(api, found, metadata["namespace"], metadata["name"])

    hook = pulumi.ResourceHook(f"{name}-kept", reserve, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_create=[hook])


async def reserve_volume(
    api: KubernetesApi, volume: Mapping[str, Any], namespace: str, claim: str
) -> None:
    """Reserves a volume for a claim that is created next.

    It returns when Kubernetes' controller has seen the reservation, because the volume's phase has
    changed. Otherwise the controller could provide the claim with a new volume.

    Raises:
        WaitTimeoutError: the phase does not change.
        ApiError: the API server rejects a request.
    """
    path = f"{VOLUMES}/{volume['metadata']['name']}"

    async def refer(uid: str | None, phase: str) -> None:
        reference = {"namespace": namespace, "name": claim, "uid": uid, "resourceVersion": None}
        await api.patch(path, {"spec": {"claimRef": reference}})

        async def other_phase() -> str:
            found = (await api.get(path))["status"]["phase"]
            return "" if found == phase else f"it is {found}, not {phase}"

        description = f"volume {volume['metadata']['name']}"
        hint = "Run `pulumi up` again; `kubectl describe pv` shows its state"
        await wait_until(other_phase, description=description, timeout=SECONDS, hint=hint)

    if volume["status"]["phase"] != RELEASED:
        await refer(NO_CLAIM, RELEASED)
    await refer(None, AVAILABLE)


def kept_volume(
    volumes: Sequence[Mapping[str, Any]],
    namespace: str,
    claim: str,
    wanted: ClaimedVolume,
    where: str,
) -> Mapping[str, Any]:
    """Returns the PersistentVolume that a former claim of this name has left.

    Args:
        volumes: all PersistentVolumes of the cluster.
        namespace: the namespace of the claims.
        claim: the name of the claim's resource without the namespace.
        wanted: the settings, which must have the volume's size and storage class.
        where: the setting, with which messages begin.

    Raises:
        NoKeptVolume: there is none, there are several, or the settings differ from it.
    """
    of_this_name = [each for each in volumes if _is_left_by(each, namespace, claim)]
    users = {
        _handle(each): (each["spec"].get("claimRef") or {}).get("name")
        for each in volumes
        if each["status"]["phase"] not in WITHOUT_CLAIM
    }
    found = [each for each in of_this_name if _handle(each) not in users]
    if not found:
        in_use = "".join(
            f"; {_described(each)} is used by the claim {users[_handle(each)]}: if a killed run "
            "has created it, `make leftovers` shows how to delete it"
            for each in of_this_name[:1]
        )
        raise NoKeptVolume(
            f"{where}: the cluster has no volume that was kept under this name: remove {KEPT} for "
            "a new, empty volume, or set ZONE/ID of an existing one, which "
            f"`exo compute block-storage list` shows{in_use}"
        )
    if len(found) > 1:
        several = "; ".join(map(_described, found))
        raise NoKeptVolume(
            f"{where}: the cluster has {len(found)} volumes that were kept under this name: "
            f"{several}: set ZONE/ID of one of them instead of {KEPT}"
        )
    (volume,) = found
    spec = volume["spec"]
    size, storage_class = spec["capacity"]["storage"], spec.get("storageClassName", "")
    if quantity(size) != quantity(wanted.size):
        raise NoKeptVolume(
            f"{where}: {_described(volume)} has not the size {wanted.size}: set {size}; it can "
            "grow when it is in use"
        )
    if storage_class != wanted.class_name:
        raise NoKeptVolume(
            f"{where}: {_described(volume)} has not the storage class {wanted.class_name}: set "
            f"storageClass: {storage_class}"
        )
    return volume


def _is_left_by(volume: Mapping[str, Any], namespace: str, claim: str) -> bool:
    former = volume["spec"].get("claimRef") or {}
    return (
        volume["spec"].get("persistentVolumeReclaimPolicy") == "Retain"
        and former.get("namespace") == namespace
        and is_generated(former["name"], claim, namespace)
    )


def _handle(volume: Mapping[str, Any]) -> str:
    """Returns ZONE/ID of a volume of Exoscale; for others, what their driver calls them."""
    handle: str = (volume["spec"].get("csi") or {}).get("volumeHandle", volume["metadata"]["name"])
    return handle


def _described(volume: Mapping[str, Any]) -> str:
    size, since = volume["spec"]["capacity"]["storage"], volume["metadata"]["creationTimestamp"]
    return f"{_handle(volume)} ({size}, created {since})"
