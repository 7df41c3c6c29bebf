"""What Exoscale's CSI driver does on a control plane: it deletes volumes, which takes a while.

kwok makes a volume's object for a claim (stages/volume.yaml). Here the volume gets its data, a
folder that outlives the cluster. Once it is released it is deleted, unless it is to be kept. The
driver runs on the nodes: without one that is Ready, the volume stays in the account.

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
"""From a claim's end to its volume's. On Exoscale the volume is first detached, and the driver
tries again ever less often until it is: this much is enough to be noticed."""


class CsiController(Looking):
    """Looks at one cluster's volumes; their folders are in `volumes`."""

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
        """Look at all volumes."""
        for volume in self._api.list_persistent_volume().items:
            self.look_at(volume)

    def look_at(self, volume: client.V1PersistentVolume) -> None:
        """Make or delete the data of a volume that is the driver's own."""
        by = (volume.metadata.annotations or {}).get("pv.kubernetes.io/provisioned-by")
        # as the driver's provisioner, v3.6: a volume whose object is deleted stays
        if by != CSI_DRIVER or volume.metadata.deletion_timestamp:
            return
        folder = csi_node.folder(self._volumes, volume.spec.csi.volume_handle)
        if volume.status.phase != "Released":
            folder.mkdir(exist_ok=True)
        elif volume.spec.persistent_volume_reclaim_policy == "Delete":
            name, now = volume.metadata.name, time.monotonic()
            since = self._released.setdefault(name, now)
            if now - since >= self._deletion_seconds and self._runs():
                if folder.exists():
                    shutil.rmtree(folder)
                self._api.delete_persistent_volume(name)
                del self._released[name]

    def _runs(self) -> bool:
        """Whether there is a node for the driver."""
        return any(
            condition.type == "Ready" and condition.status == "True"
            for node in self._api.list_node().items
            for condition in node.status.conditions or ()
        )
