"""Creates the objects of SKS's CSI addon: the CSIDriver and the storage classes.

They follow the driver's manifests (exoscale-csi-driver, deployment/0.34.4): volumes are bound
immediately and can be expanded (volume_expansion.py). Unlike on SKS, there are no
VolumeAttachments, and kubelet does not wait for them.
"""

from collections.abc import Sequence

from kubernetes import client

from sandbox.sks.spec import CSI_ADDON

CSI_DRIVER = "csi.exoscale.com"

_RECLAIM_POLICIES = {"exoscale-sbs": "Delete", "exoscale-bs-retain": "Retain"}


def reclaim_policy(storage_class: str) -> str:
    """Returns what happens to a volume of the driver when its claim is deleted."""
    return _RECLAIM_POLICIES.get(storage_class, "Delete")


def reconcile(api_client: client.ApiClient, addons: Sequence[str]) -> None:
    """Creates the missing objects, if `addons` contains the CSI addon."""
    if CSI_ADDON not in addons:
        return
    api = client.StorageV1Api(api_client)
    if CSI_DRIVER not in {item.metadata.name for item in api.list_csi_driver().items}:
        api.create_csi_driver({"metadata": {"name": CSI_DRIVER}, "spec": {"attachRequired": False}})
    present = {item.metadata.name for item in api.list_storage_class().items}
    for name, policy in _RECLAIM_POLICIES.items():
        if name not in present:
            api.create_storage_class(
                {
                    "metadata": {"name": name},
                    "provisioner": CSI_DRIVER,
                    "reclaimPolicy": policy,
                    "allowVolumeExpansion": True,
                }
            )
