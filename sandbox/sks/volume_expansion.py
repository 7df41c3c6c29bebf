"""Expands volumes, with the limits of Exoscale's CSI driver.

The driver rejects attached volumes and sizes that are not whole GiB. The file system is expanded
when a pod uses the volume again. Here a volume is attached while a pod that uses it is on a node.

Sources: exoscale-csi-driver v0.34.3, driver/controller.go: ControllerExpandVolume, CreateVolume;
kubernetes.io/docs/concepts/storage/persistent-volumes, "Expanding Persistent Volumes Claims".
"""

from collections.abc import Iterator
from typing import Any

from kubernetes import client

from sandbox.sks.events import EventRecorder
from sandbox.sks.looking import Looking
from sandbox.sks.storage import CSI_DRIVER

_ENDED = ("Succeeded", "Failed")
_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
_WHOLE = ("Gi", "Ti", "Pi")
"""Units of whole GiB, in the API server's canonical format."""


class VolumeExpansion(Looking):
    """Expands the volumes of a cluster's claims."""

    def __init__(self, cluster: str, api_client: client.ApiClient) -> None:
        super().__init__(f"volume-expansion-{cluster}")
        self._api = client.CoreV1Api(api_client)
        self._events = EventRecorder(self._api, "PersistentVolumeClaim", CSI_DRIVER)
        self._told: set[tuple[str, str]] = set()

    def look(self) -> None:
        """Handles all claims."""
        for claim in self._api.list_persistent_volume_claim_for_all_namespaces().items:
            self._look_at(claim)

    def _look_at(self, claim: client.V1PersistentVolumeClaim) -> None:
        asked = claim.spec.resources.requests["storage"]
        if claim.status.phase != "Bound":
            if (claim.metadata.annotations or {}).get(_PROVISIONER) == CSI_DRIVER:
                self._refuse_part_of_gib(claim, "ProvisioningFailed", asked)
            return
        volume = self._api.read_persistent_volume(claim.spec.volume_name)
        if not volume.spec.csi or volume.spec.csi.driver != CSI_DRIVER:
            return
        size = volume.spec.capacity["storage"]
        nodes = [*self._nodes(claim)]
        if size == asked:
            if nodes and (claim.status.capacity or {}).get("storage") != size:
                change = {"status": {"capacity": {"storage": size}}}
                self._api.patch_namespaced_persistent_volume_claim_status(
                    claim.metadata.name, claim.metadata.namespace, change
                )
        elif nodes:
            self._warn(
                claim,
                "VolumeResizeFailed",
                "Volume must be detached before expanding (attached to instance "
                f"{nodes[0]}). Scale down workloads using this PVC, then resize will complete "
                "automatically once Kubernetes retries.",
            )
        elif not self._refuse_part_of_gib(claim, "VolumeResizeFailed", asked):
            change = {"spec": {"capacity": {"storage": asked}}}
            self._api.patch_persistent_volume(volume.metadata.name, change)

    def _nodes(self, claim: client.V1PersistentVolumeClaim) -> Iterator[str]:
        """Yields the nodes that the claim's volume is attached to."""
        for pod in self._api.list_namespaced_pod(claim.metadata.namespace).items:
            claims = [
                each.persistent_volume_claim.claim_name
                for each in pod.spec.volumes or ()
                if each.persistent_volume_claim
            ]
            on_node = pod.spec.node_name and pod.status.phase not in _ENDED
            if on_node and claim.metadata.name in claims:
                yield pod.spec.node_name

    def _refuse_part_of_gib(self, claim: Any, reason: str, asked: str) -> bool:
        if asked.endswith(_WHOLE):
            return False
        text = f"requested size in bytes cannot be exactly converted to GiB: {asked}"
        self._warn(claim, reason, text)
        return True

    def _warn(self, claim: client.V1PersistentVolumeClaim, reason: str, text: str) -> None:
        """Writes an Event, only once for each version of the claim."""
        key = (f"{claim.metadata.uid} {claim.metadata.resource_version}", text)
        if key not in self._told:
            self._told.add(key)
            regarding = {
                "metadata": {
                    "name": claim.metadata.name,
                    "namespace": claim.metadata.namespace,
                    "uid": claim.metadata.uid,
                    "resourceVersion": claim.metadata.resource_version,
                }
            }
            self._events.warning(regarding, reason, text)
