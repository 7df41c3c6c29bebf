"""The backups of applications' volumes: VolumeSnapshots that `make backup` has created."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rich.text import Text

from components.manifests.labels import INSTANCE, NAME
from tools.pods.api import Api
from tools.pods.application import MANAGED_BY, Application
from tools.pods.status import age
from tools.pods.table import print_table
from tools.pulumi_command import ToolError

GROUP = "/apis/snapshot.storage.k8s.io/v1"
CONTENTS = f"{GROUP}/volumesnapshotcontents"
CLASSES = f"{GROUP}/volumesnapshotclasses"

MAKE_BACKUP = "make-backup"
"""The value of the label `managed-by` of what `make backup` creates."""

VOLUME = "app.kubernetes.io/component"
"""The label with the volume's name. A database's is `db`, with its own `app.kubernetes.io/name`."""

SIZE = "exoscale-webapp/volume-size"
"""The annotation with the volume's size at the time of the backup. Exoscale's driver leaves
`status.restoreSize` unset (exoscale-csi-driver v0.34.3, driver/controller.go, `CreateSnapshot`)."""

COLUMNS = ("backup", "app", "volume", "size", "status", "age", "snapshot")
READY, DELETING, UNFINISHED = "ready", "being deleted", "not ready"
STYLES = {READY: "green", DELETING: "dim"}
"""Styles of statuses. Others are red."""


class Backup(NamedTuple):
    """A VolumeSnapshot, as the API server returns it.

    Attributes:
        body: the object.
        content: its VolumeSnapshotContent; None if there is none yet.
    """

    body: Mapping[str, Any]
    content: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The name of the object."""
        return str(self.body["metadata"]["name"])

    @property
    def path(self) -> str:
        """The API path of the object."""
        return f"{snapshots_path(self.body['metadata']['namespace'])}/{self.name}"

    @property
    def volume(self) -> tuple[str, ...]:
        """The volume that it is a backup of: backups of one volume are counted together."""
        return tuple(self._label(each) for each in (INSTANCE, NAME, VOLUME))

    @property
    def is_of_database(self) -> bool:
        """Whether the volume is that of an application's database."""
        return self._label(NAME) != self._label(INSTANCE)

    @property
    def created(self) -> str:
        """The time at which the object was created."""
        return str(self.body["metadata"]["creationTimestamp"])

    @property
    def size(self) -> str:
        """The size of the volume."""
        return str(self.body["metadata"].get("annotations", {}).get(SIZE, ""))

    @property
    def is_ready(self) -> bool:
        """Whether it is complete, and is not being deleted."""
        ready = self.body.get("status", {}).get("readyToUse", False)
        return bool(ready) and "deletionTimestamp" not in self.body["metadata"]

    @property
    def error(self) -> str:
        """The last error of the driver, which tries again; empty if there is none."""
        return str(self.body.get("status", {}).get("error", {}).get("message", ""))

    @property
    def handle(self) -> str:
        """ZONE/ID of the snapshot on Exoscale; empty if it is not known."""
        return str(((self.content or {}).get("status") or {}).get("snapshotHandle", ""))

    @property
    def status(self) -> str:
        """The state in a few words."""
        if "deletionTimestamp" in self.body["metadata"]:
            return DELETING
        return READY if self.is_ready else self.error or UNFINISHED

    def row(self, now: datetime) -> list[str | Text]:
        """Returns the backup's row of the table."""
        status = Text(self.status, STYLES.get(self.status, "red"))
        app, volume = self._label(INSTANCE), self._label(VOLUME)
        return [self.name, app, volume, self.size, status, age(self.created, now), self.handle]

    def _label(self, name: str) -> str:
        return str(self.body["metadata"].get("labels", {}).get(name, ""))


def snapshots_path(namespace: str) -> str:
    """Returns the API path of a namespace's VolumeSnapshots."""
    return f"{GROUP}/namespaces/{namespace}/volumesnapshots"


def require_snapshot_api(api: Api, stack: str) -> None:
    """Checks that the cluster has the snapshot API.

    Raises:
        ToolError: it does not.
    """
    if api.find(GROUP) is None:
        raise ToolError(
            f"{stack}: the cluster has no volume snapshots (snapshot.storage.k8s.io/v1). On SKS, "
            "cluster.csi: true brings them; on other clusters, install the CSI snapshot controller"
        )


def backups_of(api: Api, apps: Iterable[Application]) -> list[Backup]:
    """Returns the backups of the applications, each volume's together, oldest first."""
    contents = {each["metadata"]["name"]: each for each in api.items(CONTENTS)}
    found = []
    for app in apps:
        labels = f"{INSTANCE}={app.name},{MANAGED_BY}={MAKE_BACKUP}"
        for body in api.items(snapshots_path(app.namespace), labelSelector=labels):
            name = body.get("status", {}).get("boundVolumeSnapshotContentName", "")
            found.append(Backup(body, contents.get(name)))
    return sorted(found, key=lambda each: (each.volume, each.created, each.name))


def print_backups(backups: Iterable[Backup]) -> None:
    """Prints the table of backups."""
    now = datetime.now(UTC)
    print_table(COLUMNS, [each.row(now) for each in backups])


def size_of(volume: Mapping[str, Any]) -> str:
    """Returns the size of a PersistentVolume."""
    return str(volume["spec"]["capacity"]["storage"])
