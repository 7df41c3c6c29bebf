"""The part of Exoscale's CSI driver that makes and deletes snapshots, and volumes of them.

The snapshot controller creates a VolumeSnapshotContent for a VolumeSnapshot. As csi-snapshotter
does, this controller then makes the snapshot, which is a copy of the volume's folder, and reports
its ID. It also creates the volume of a claim whose data source is a snapshot. On Exoscale a
snapshot is taken at one moment. Here the files are copied one after another.

Sources: exoscale-csi-driver v0.34.3, driver/controller.go: CreateSnapshot, DeleteSnapshot,
CreateVolume; kubernetes-csi/external-snapshotter v8.7, pkg/sidecar-controller; Exoscale's limits:
community.exoscale.com/documentation/block-storage/overview.
"""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kubernetes import client
from kubernetes.utils.quantity import parse_quantity

from sandbox.paths import private_directory
from sandbox.sks.csi_controller import driver_runs
from sandbox.sks.events import EventRecorder
from sandbox.sks.looking import Looking
from sandbox.sks.machines import csi_node
from sandbox.sks.snapshot_controller import API
from sandbox.sks.storage import CSI_DRIVER, reclaim_policy

LIMIT = 20
"""Maximum number of snapshots of a volume."""

_CONTENTS, _SNAPSHOTS = "volumesnapshotcontents", "volumesnapshots"
_FINALIZER = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"
_BEING_DELETED = "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted"
_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
_WHOLE_GIB = re.compile(r"\d+[GTP]i")


class _FailedError(Exception):
    """A snapshot or a volume can't be made, for the reason in the message."""


class Snapshots(Looking):
    """Handles the snapshots of a cluster.

    Args:
        cluster: the cluster's name.
        zone: its zone, which is part of the handles.
        api_client: a client of its API server.
        volumes: the folder of all volumes.
        snapshots: the folder of all snapshots.
    """

    def __init__(
        self, cluster: str, zone: str, api_client: client.ApiClient, volumes: Path, snapshots: Path
    ) -> None:
        super().__init__(f"snapshots-{cluster}")
        self._zone, self._volumes = zone, volumes
        self._snapshots = private_directory(snapshots)
        self._core = client.CoreV1Api(api_client)
        self._custom = client.CustomObjectsApi(api_client)
        self._events = EventRecorder(self._core, "PersistentVolumeClaim", CSI_DRIVER)
        self._told: set[tuple[str, str]] = set()

    def look(self) -> None:
        """Handles all snapshots, and the claims for volumes of them."""
        contents = self._contents()
        if contents is None or not driver_runs(self._core):
            return
        for content in contents:
            if content["spec"]["driver"] == CSI_DRIVER:
                self.look_at(content)
        for claim in self._core.list_persistent_volume_claim_for_all_namespaces().items:
            if _waits_for_snapshot(claim):
                try:
                    self._provision(claim)
                except _FailedError as error:
                    self._warn(claim, str(error))

    def look_at(self, content: dict[str, Any]) -> None:
        """Makes or deletes a snapshot."""
        metadata, status = content["metadata"], content.get("status", {})
        if "deletionTimestamp" in metadata:
            if _BEING_DELETED in metadata.get("annotations", {}) or _is_unbound(content):
                self._delete(content)
        elif not status.get("readyToUse"):
            try:
                handle = self._existing(content) or self._create(content)
            except _FailedError as error:
                message = str(error)
                if status.get("error", {}).get("message") != message:
                    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                    failure = {"message": message, "time": now}
                    self._set_status(content, {"readyToUse": False, "error": failure})
                return
            created = csi_node.folder(self._snapshots, handle).stat().st_mtime_ns
            self._set_status(
                content,
                {
                    "snapshotHandle": handle,
                    "creationTime": created,
                    "readyToUse": True,
                    "error": None,
                },
            )

    def _contents(self) -> list[dict[str, Any]] | None:
        """Returns all VolumeSnapshotContents; None if the cluster has no snapshot API."""
        try:
            listed = self._custom.list_cluster_custom_object(*API, _CONTENTS)
        except client.ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return list(listed["items"])

    def _existing(self, content: dict[str, Any]) -> str | None:
        """Returns the handle of an existing snapshot that the content was created for."""
        handle: str | None = content["spec"]["source"].get("snapshotHandle")
        if handle and not csi_node.folder(self._snapshots, handle).is_dir():
            raise _FailedError(
                f"Failed to check and update snapshot content: snapshot {handle} not found"
            )
        return handle

    def _create(self, content: dict[str, Any]) -> str:
        """Makes a snapshot, unless it exists, and returns its handle."""
        handle, id_ = content["spec"]["source"]["volumeHandle"], _snapshot_uid(content)
        volume, target = csi_node.folder(self._volumes, handle), self._snapshots / id_
        failed = f"Failed to create snapshot: failed to take snapshot of the volume {handle}"
        if not target.exists():
            if not volume.is_dir():
                raise _FailedError(f"{failed}: volume not found")
            about = self._snapshots.glob("*/volume.json")
            taken = [json.loads(each.read_text())["volume"] for each in about]
            if taken.count(volume.name) >= LIMIT:
                raise _FailedError(f"{failed}: it has {LIMIT} snapshots, which is the maximum")
            unfinished = target.with_name(f".{id_}")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            _copy(volume, unfinished / "data")
            source = {"volume": volume.name, "size": self._size(handle)}
            (unfinished / "volume.json").write_text(json.dumps(source))
            unfinished.rename(target)
        return f"{self._zone}/{id_}"

    def _size(self, handle: str) -> str:
        """Returns the size of a volume of the cluster."""
        for volume in self._core.list_persistent_volume().items:
            if volume.spec.csi and volume.spec.csi.volume_handle == handle:
                return str(volume.spec.capacity["storage"])
        raise _FailedError(f"volume {handle} not found")

    def _delete(self, content: dict[str, Any]) -> None:
        """Deletes the snapshot, unless it is retained, and lets the object end."""
        metadata = content["metadata"]
        handle = content.get("status", {}).get("snapshotHandle")
        if content["spec"]["deletionPolicy"] == "Delete" and handle:
            shutil.rmtree(csi_node.folder(self._snapshots, handle), ignore_errors=True)
        finalizers = [each for each in metadata.get("finalizers", ()) if each != _FINALIZER]
        if finalizers != metadata.get("finalizers", []):
            change = {"finalizers": finalizers, "resourceVersion": metadata["resourceVersion"]}
            self._custom.patch_cluster_custom_object(
                *API, _CONTENTS, metadata["name"], {"metadata": change}
            )

    def _set_status(self, content: dict[str, Any], status: dict[str, Any]) -> None:
        self._custom.patch_cluster_custom_object_status(
            *API, _CONTENTS, content["metadata"]["name"], {"status": status}
        )

    def _provision(self, claim: client.V1PersistentVolumeClaim) -> None:
        """Creates the volume of a claim with the data of its snapshot."""
        snapshot = self._ready_snapshot(claim)
        about = json.loads((snapshot / "volume.json").read_text())
        asked = claim.spec.resources.requests["storage"]
        if parse_quantity(asked) < parse_quantity(about["size"]):
            raise _FailedError(f"the snapshot's volume has {about['size']}, more than {asked}")
        volume = self._volumes / claim.metadata.uid
        if not volume.exists():
            unfinished = volume.with_name(f".{volume.name}")
            shutil.rmtree(unfinished, ignore_errors=True)
            _copy(snapshot / "data", unfinished)
            unfinished.rename(volume)
        self._core.create_persistent_volume(_volume(claim, f"{self._zone}/{volume.name}"))

    def _ready_snapshot(self, claim: client.V1PersistentVolumeClaim) -> Path:
        """Returns the folder of the snapshot that a claim names."""
        name = claim.spec.data_source.name
        failed = f"error getting handle for DataSource Type VolumeSnapshot by Name {name}"
        try:
            found = self._custom.get_namespaced_custom_object(
                *API, claim.metadata.namespace, _SNAPSHOTS, name
            )
        except client.ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise _FailedError(f"{failed}: snapshot {name} not found") from None
            raise
        status = found.get("status", {})
        if not status.get("readyToUse"):
            raise _FailedError(f"{failed}: snapshot {name} is not ready")
        content = self._custom.get_cluster_custom_object(
            *API, _CONTENTS, status["boundVolumeSnapshotContentName"]
        )
        folder = csi_node.folder(self._snapshots, content["status"]["snapshotHandle"])
        if not folder.is_dir():
            raise _FailedError(f"snapshot {folder.name} not found")
        return folder

    def _warn(self, claim: client.V1PersistentVolumeClaim, text: str) -> None:
        """Writes an Event, only once for each claim and text."""
        if (claim.metadata.uid, text) not in self._told:
            self._told.add((claim.metadata.uid, text))
            metadata = {
                "name": claim.metadata.name,
                "namespace": claim.metadata.namespace,
                "uid": claim.metadata.uid,
                "resourceVersion": claim.metadata.resource_version,
            }
            self._events.warning({"metadata": metadata}, "ProvisioningFailed", text)


def _snapshot_uid(content: dict[str, Any]) -> str:
    return str(content["spec"]["volumeSnapshotRef"]["uid"])


def _is_unbound(content: dict[str, Any]) -> bool:
    """Whether it was created for an existing snapshot, and no VolumeSnapshot uses it."""
    spec = content["spec"]
    return "snapshotHandle" in spec["source"] and not spec["volumeSnapshotRef"].get("uid")


def _waits_for_snapshot(claim: client.V1PersistentVolumeClaim) -> bool:
    spec, metadata = claim.spec, claim.metadata
    return bool(
        spec.data_source
        and spec.data_source.kind == "VolumeSnapshot"
        and not spec.volume_name
        and not metadata.deletion_timestamp
        and (metadata.annotations or {}).get(_PROVISIONER) == CSI_DRIVER
        and _WHOLE_GIB.fullmatch(spec.resources.requests["storage"])
    )


def _copy(source: Path, target: Path) -> None:
    """Copies a folder with owners and modes, without a second copy of the data if possible."""
    subprocess.run(["cp", "--archive", "--reflink=auto", source, target], check=True)


def _volume(claim: client.V1PersistentVolumeClaim, handle: str) -> dict[str, Any]:
    """Returns the PersistentVolume of a claim, as stages/volume.yaml creates others."""
    spec, metadata = claim.spec, claim.metadata
    return {
        "metadata": {
            "name": f"pvc-{metadata.uid}",
            "annotations": {"pv.kubernetes.io/provisioned-by": CSI_DRIVER},
        },
        "spec": {
            "accessModes": spec.access_modes,
            "capacity": {"storage": spec.resources.requests["storage"]},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "name": metadata.name,
                "namespace": metadata.namespace,
                "uid": metadata.uid,
            },
            "csi": {"driver": CSI_DRIVER, "fsType": "ext4", "volumeHandle": handle},
            "persistentVolumeReclaimPolicy": reclaim_policy(spec.storage_class_name),
            "storageClassName": spec.storage_class_name,
            "volumeMode": spec.volume_mode or "Filesystem",
        },
    }
