"""The persistent volumes of applications, and the classes of their snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from components.database.names import database_name
from components.manifests.labels import INSTANCE, NAME
from components.manifests.names import without_suffix
from tools.backups.snapshots import CLASSES
from tools.pods.api import Api
from tools.pods.application import Application
from tools.pulumi_command import ToolError

DEFAULT_CLASS = "snapshot.storage.kubernetes.io/is-default-class"


class Volume(NamedTuple):
    """A persistent volume of an application.

    Attributes:
        app: the application.
        claim: its PersistentVolumeClaim.
        body: its PersistentVolume.
    """

    app: Application
    claim: Mapping[str, Any]
    body: Mapping[str, Any]

    @property
    def claim_name(self) -> str:
        """The name of the claim."""
        return str(self.claim["metadata"]["name"])

    @property
    def part(self) -> str:
        """The value of the label `app.kubernetes.io/name`: the application's name, or its
        database's.
        """
        return str(self.claim["metadata"]["labels"].get(NAME, self.app.name))

    @property
    def name(self) -> str:
        """The volume's name in the settings, or `db` of a database."""
        if self.part == database_name(self.app.name):
            return "db"
        resource = without_suffix(self.claim_name, self.app.namespace) or self.claim_name
        return resource.removeprefix(f"{self.app.name}-")

    @property
    def key(self) -> tuple[str, ...]:
        """The volume that its backups name in their labels (`Backup.volume`)."""
        return self.app.name, self.part, self.name

    @property
    def is_retained(self) -> bool:
        """Whether it outlives its claim."""
        return bool(self.body["spec"].get("persistentVolumeReclaimPolicy") == "Retain")


def volumes_of(api: Api, app: Application) -> list[Volume]:
    """Returns the application's volumes and that of its database in the cluster.

    Raises:
        ToolError: a claim has no volume yet.
    """
    path = f"/api/v1/namespaces/{app.namespace}/persistentvolumeclaims"
    found = []
    for claim in api.items(path, labelSelector=f"{INSTANCE}={app.name}"):
        name = claim["metadata"]["name"]
        if "deletionTimestamp" in claim["metadata"]:
            continue
        if claim.get("status", {}).get("phase") != "Bound":
            raise ToolError(
                f"{app.name}: the claim {name} has no volume yet: "
                f"`kubectl describe pvc --namespace {app.namespace} {name}` shows the reason"
            )
        volume = api.get(f"/api/v1/persistentvolumes/{claim['spec']['volumeName']}")
        found.append(Volume(app, claim, volume))
    return sorted(found, key=lambda each: each.claim_name)


def snapshot_class(api: Api, volume: Volume) -> str:
    """Returns the name of the VolumeSnapshotClass for the volume: its driver's default, or first.

    Raises:
        ToolError: there is none.
    """
    driver = volume.body["spec"].get("csi", {}).get("driver")
    classes = [each for each in api.items(CLASSES) if each["driver"] == driver]
    if not classes:
        raise ToolError(
            f"{volume.app.name}: {volume.name}: the cluster has no VolumeSnapshotClass for the "
            f"driver of its volume, {driver or 'which is no CSI driver'}"
        )
    return min((not _is_default(each), str(each["metadata"]["name"])) for each in classes)[1]


def _is_default(snapshot_class: Mapping[str, Any]) -> bool:
    annotations = snapshot_class["metadata"].get("annotations", {})
    return bool(annotations.get(DEFAULT_CLASS) == "true")
