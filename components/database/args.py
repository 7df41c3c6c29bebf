"""The settings of an application's database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from ..args.image import Image
from ..args.inputs import ClearOrSecretInput, SecretInput
from ..args.problem import Problem
from ..args.resources import Memory, ResourcesArgs, resources
from ..args.types import (
    NOT_EMPTY,
    Args,
    Network,
    VariableName,
    Zone,
    given,
    matches,
)
from ..volume.args import ClaimedVolume, ExistingVolume, StorageClass

_FIELD = r"(\*|\d+(-\d+)?)(/\d+)?(,(\*|\d+(-\d+)?)(/\d+)?)*"
Schedule = Annotated[
    StrictStr,
    matches(
        rf"@(yearly|monthly|weekly|daily|hourly)|{_FIELD}( {_FIELD}){{4}}",
        "a schedule in cron's notation",
        "0 3 * * *",
    ),
]
Bucket = Annotated[
    StrictStr,
    matches(
        r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
        "a bucket's name: lower-case letters, digits and dashes, 3 to 63 characters",
        "shop-dumps",
    ),
]
Plan = Annotated[StrictStr, matches(r"[a-z]+-\d+", "a plan", "startup-4")]
MajorVersion = Annotated[StrictStr, matches(r"\d+", "a major version in quotes", "17")]
TimeOfDay = Annotated[
    StrictStr,
    matches(r"([01]\d|2[0-3]):[0-5]\d", "a time of day in quotes, HH:MM in UTC", "03:00"),
]

_MAJOR_IN_TAG = re.compile(r":(\d\d)([.-][^/@:]*)?(@|$)")
_DBAAS_MAJOR = "17"


class BackupArgs(Args):
    """Backups of the database: dumps in a bucket of Exoscale's object storage."""

    schedule: Schedule = "0 3 * * *"
    """Schedule in cron syntax, in UTC. Default: every night."""
    zone: Zone
    """Zone of the bucket. A bucket in another zone than the cluster survives the loss of a zone."""
    bucket: Bucket
    """Name of the bucket."""
    access_key: Annotated[ClearOrSecretInput, Field(examples=["EXO0123456789"])]
    """IAM key that may write to the bucket."""
    secret_key: SecretInput
    """Secret of the IAM key, encrypted."""
    keep_days: StrictInt = Field(default=30, ge=1)
    """Number of days after which a dump is deleted."""
    image: Image = "rclone/rclone:1.71.2"
    """Image with rclone, which uploads the dumps."""
    resources: ResourcesArgs = resources(cpu="50m", memory="64Mi", memory_limit="256Mi")
    """Resources of the upload. A dump has the database's resources."""


KEYS_OF_OTHER_KIND = {
    "dbaas": ("image", "storage", "storageClass", "volume", "resources", "backup"),
    "postgresql": ("zone", "plan", "backupSchedule", "ipFilter"),
}
"""Keys of the other kind, by kind."""


class DatabaseArgs(Args):
    """A PostgreSQL database, in the cluster or managed by Exoscale."""

    renamed_keys: ClassVar = {"abandonData": "allowDataLoss"}

    kind: Literal["postgresql", "dbaas"] = "postgresql"
    """`postgresql` runs in the cluster, `dbaas` is managed by Exoscale."""
    variable: VariableName = "DATABASE_URL"
    """Environment variable of the application that contains the connection URL, from a Secret."""
    keep_data: StrictBool = True
    """Whether the data is kept when the application is deleted. Kept data still costs. With false
    and a volume in the stack's own cluster, `pulumi destroy` needs `--run-program`."""
    allow_data_loss: StrictBool = False
    """Whether a change may leave the data behind. By default, such a change is rejected."""
    version: MajorVersion | None = None
    """PostgreSQL's major version. Default: the one in the image's tag; with dbaas, 17."""

    image: Image = "postgres:17.11"
    """postgresql only: an official image based on Debian."""
    storage: Memory = "10Gi"
    """postgresql only: size of the volume, at Exoscale in whole GiB. It can grow. The database is
    stopped while a volume of Exoscale grows."""
    storage_class: StorageClass | None = None
    """postgresql only: storage class. Default: one of Exoscale's, depending on keepData; it
    requires cluster.csi."""
    volume: ExistingVolume | None = None
    """postgresql only: an existing volume to use, with its data: ZONE/ID of a block storage volume,
    or `kept` for the volume that this application's database has left in the cluster. Default: a
    new volume."""
    resources: ResourcesArgs = resources(cpu="100m", memory="256Mi", memory_limit="512Mi")
    """postgresql only: its resources."""
    backup: BackupArgs | None = None
    """postgresql only: backups, which survive the loss of the volume."""

    zone: Zone | None = None
    """dbaas only, required: its zone."""
    plan: Plan = "startup-4"
    """dbaas only: its plan, which decides its size."""
    backup_schedule: TimeOfDay = "03:00"
    """dbaas only: time of Exoscale's daily backup, in UTC."""
    ip_filter: Annotated[tuple[Network, ...], *NOT_EMPTY] | None = None
    """dbaas only: networks (CIDR) that may connect. Default: the addresses that the nodes of the
    stack's cluster have during `pulumi up`."""

    @property
    def major(self) -> str | None:
        """Returns PostgreSQL's major version, or None if it is unknown."""
        if self.kind == "dbaas":
            return self.version or _DBAAS_MAJOR
        return self.version or self.major_in_tag

    @property
    def major_in_tag(self) -> str | None:
        """Returns the major version in the image's tag, or None."""
        found = _MAJOR_IN_TAG.search(self.image)
        return found[1] if found else None

    @property
    def claimed_volume(self) -> ClaimedVolume | None:
        """Returns the volume of a database in the cluster."""
        if self.kind == "dbaas":
            return None
        return ClaimedVolume(self.storage, self.storage_class, self.volume, self.keep_data)

    @property
    def needs_node_addresses(self) -> bool:
        """Whether the database accepts connections from the addresses of the cluster's nodes."""
        return self.kind == "dbaas" and not self.ip_filter

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for each key of the other kind, and for what the kind requires."""
        for key, value in given(self).items():
            if value is not None and key in KEYS_OF_OTHER_KIND[self.kind]:
                yield Problem((key,), value, f"is not a key of kind {self.kind}")
        if self.kind == "dbaas":
            if not self.zone:
                yield Problem(("zone",), None, "is required with kind dbaas")
            return
        yield from self._problem_of_version()
        if self.claimed_volume and (message := self.claimed_volume.required_size):
            yield Problem(("storage",), self.storage, message)
        if self.claimed_volume and (message := self.claimed_volume.required_volume):
            yield Problem(("volume",), self.volume, message)

    def _problem_of_version(self) -> Iterator[Problem]:
        """Yields a problem if the major version is unknown: another one could not read the data."""
        if not self.major:
            message = f"is required: the tag of {self.image} does not begin with a major version"
            yield Problem(("version",), None, message)
        elif self.major_in_tag not in (None, self.major):
            message = f"must be that of the image's tag, {self.major_in_tag}"
            yield Problem(("version",), self.version, message)
