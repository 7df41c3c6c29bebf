"""What Exoscale's CSI driver does on a control plane, for nodes that run containers.

kwok makes a volume's object for a claim (stages/volume.yaml). Here the volume gets its data, a
folder, and is deleted with it once it is released, unless it is to be kept.
"""

import logging
import shutil
import threading
from pathlib import Path

import urllib3
from kubernetes import client, watch

from sandbox.paths import private_directory
from sandbox.sks.machines import csi_node
from sandbox.sks.storage import CSI_DRIVER

_log = logging.getLogger(__name__)

_WATCH_SECONDS = 240
_RETRY = 1.0


class CsiController:
    """Watches one cluster's volumes in a thread of its own; their folders are in `volumes`."""

    def __init__(self, cluster: str, api_client: client.ApiClient, volumes: Path) -> None:
        self._api = client.CoreV1Api(api_client)
        self._volumes = private_directory(volumes)
        self._stream = watch.Watch()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"csi-{cluster}", daemon=True)

    def start(self) -> None:
        """Start watching. Volumes that are there already are looked at first."""
        self._thread.start()

    def stop(self) -> None:
        """Close the watch. One that is just being opened ends with the API server."""
        self._stop.set()
        self._stream.stop()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._watch()
            except (client.ApiException, urllib3.exceptions.HTTPError, OSError) as error:
                if not self._stop.is_set():
                    _log.warning("%s: %s", self._thread.name, error)
            self._stop.wait(_RETRY)

    def _watch(self) -> None:
        for event in self._stream.stream(
            self._api.list_persistent_volume, timeout_seconds=_WATCH_SECONDS
        ):
            if self._stop.is_set():
                return
            if event["type"] != "DELETED":
                self.look_at(event["object"])

    def look_at(self, volume: client.V1PersistentVolume) -> None:
        """Make or delete the data of a volume that is the driver's own."""
        by = (volume.metadata.annotations or {}).get("pv.kubernetes.io/provisioned-by")
        if by != CSI_DRIVER or volume.metadata.deletion_timestamp:
            return
        folder = csi_node.folder(self._volumes, volume.spec.csi.volume_handle)
        if volume.status.phase != "Released":
            folder.mkdir(exist_ok=True)
        elif volume.spec.persistent_volume_reclaim_policy == "Delete":
            if folder.exists():
                shutil.rmtree(folder)
            self._api.delete_persistent_volume(volume.metadata.name)
