"""The controller of Exoscale's CSI driver: creates and deletes the data of volumes.

kwok creates the PersistentVolume for a claim (stages/volume.yaml). This controller creates the
volume's data, a folder that is kept when the cluster is deleted. After the volume is released, the
controller deletes it with a delay, unless its reclaim policy is Retain. On Exoscale the driver runs
on the nodes: if no node is Ready, the volume stays in the account.

Source: exoscale-csi-driver v0.34.3, deployment/latest/controller.yaml, driver/controller.go:
DeleteVolume.
"""

import shutil
import time
from pathlib import Path

from kubernetes import client

from sandbox.paths import private_directory
from sandbox.sks.looking import Looking
from sandbox.sks.machines import csi_node
from sandbox.sks.storage import CSI_DRIVER

DELETION_SECONDS = 15.0
"""Delay between the deletions of a claim and its volume. On Exoscale the volume must be detached
first, and the driver retries with increasing intervals."""


class CsiController(Looking):
    """Manages the data of a cluster's volumes, whose folders are in `volumes`."""

    def __init__(
        self,
        cluster: str,
        api_client: client.ApiClient,
        volumes: Path,
        deletion_seconds: float = DELETION_SECONDS,
    ) -> None:
        super().__init__(f"csi-{cluster}")
        self._api = client.CoreV1Api(api_client)
        self._volumes = private_directory(volumes)
        self._deletion_seconds = deletion_seconds
        self._released: dict[str, float] = {}

    def look(self) -> None:
        """Handles all volumes."""
        for volume in self._api.list_persistent_volume().items:
            self.look_at(volume)

    def look_at(self, volume: client.V1PersistentVolume) -> None:
        """Creates or deletes the data of a volume that the driver provisioned."""
        by = (volume.metadata.annotations or {}).get("pv.kubernetes.io/provisioned-by")
        # As in the driver's provisioner, v3.6: if the object is deleted, the volume is kept.
        if by != CSI_DRIVER or volume.metadata.deletion_timestamp:
            return
        folder = csi_node.folder(self._volumes, volume.spec.csi.volume_handle)
        if volume.status.phase != "Released":
            folder.mkdir(exist_ok=True)
        elif volume.spec.persistent_volume_reclaim_policy == "Delete":
            name, now = volume.metadata.name, time.monotonic()
            since = self._released.setdefault(name, now)
            if now - since >= self._deletion_seconds and driver_runs(self._api):
                if folder.exists():
                    shutil.rmtree(folder)
                self._api.delete_persistent_volume(name)
                del self._released[name]


def driver_runs(api: client.CoreV1Api) -> bool:
    """Returns whether the driver runs, which needs a node that is Ready."""
    return any(
        condition.type == "Ready" and condition.status == "True"
        for node in api.list_node().items
        for condition in node.status.conditions or ()
    )
