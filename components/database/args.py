"""The settings of an application's database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from ..args.image import Image
from ..args.problem import Problem
from ..args.resources import Memory, ResourcesArgs, quantity, resources
from ..args.secret import ClearOrSecret, Secret
from ..args.types import (
    NOT_EMPTY,
    UUID,
    Args,
    Network,
    VariableName,
    Zone,
    given,
    matches,
)

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
Volume = Annotated[
    StrictStr,
    matches(
        rf"[a-z]{{2}}-[a-z]{{2,3}}-\d/{UUID}",
        "ZONE/ID of a block storage volume",
        "ch-gva-2/5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b",
    ),
]
Plan = Annotated[StrictStr, matches(r"[a-z]+-\d+", "a plan", "startup-4")]
MajorVersion = Annotated[StrictStr, matches(r"\d+", "a major version in quotes", "17")]
TimeOfDay = Annotated[
    StrictStr,
    matches(r"([01]\d|2[0-3]):[0-5]\d", "a time of day in quotes, HH:MM in UTC", "03:00"),
]

KEEPING, NOT_KEEPING = "exoscale-bs-retain", "exoscale-sbs"
"""Storage classes of Exoscale's CSI driver (exoscale-csi-driver, deployment/)."""

_MAJOR_IN_TAG = re.compile(r":(\d\d)([.-][^/@:]*)?(@|$)")
_DBAAS_MAJOR = "17"


class BackupArgs(Args):
    """Dumps into a bucket of Exoscale's object storage."""

    schedule: Schedule = "0 3 * * *"
    """When, in cron's notation, in UTC. By default at night, once."""
    zone: Zone
    """Where the bucket is. Another one than the cluster's outlives the loss of a zone."""
    bucket: Bucket
    """The bucket's name."""
    access_key: Annotated[ClearOrSecret, Field(examples=["EXO0123456789"])]
    """The key of an IAM key that may write there."""
    secret_key: Secret
    """The IAM key's secret, encrypted."""
    keep_days: StrictInt = Field(default=30, ge=1)
    """Older dumps are removed, in days."""
    image: Image = "rclone/rclone:1.71.2"
    """An image with rclone, which uploads."""
    resources: ResourcesArgs = resources(cpu="50m", memory="64Mi", memory_limit="256Mi")
    """What the upload has of its node; a dump has what the database has."""


GIB = 2**30
LARGEST_VOLUME = 10000
"""In GiB. Exoscale's CSI driver refuses others, and the claim stays Pending.

Source: exoscale-csi-driver v0.34.3, driver/controller.go.
"""

OF_THE_OTHER = {
    "dbaas": ("image", "storage", "storageClass", "volume", "resources", "backup"),
    "postgresql": ("zone", "plan", "backupSchedule", "ipFilter"),
}
"""Keys that a kind does not have."""


class DatabaseArgs(Args):
    """PostgreSQL, in the cluster or managed by Exoscale."""

    kind: Literal["postgresql", "dbaas"] = "postgresql"
    """postgresql: in the cluster. dbaas: managed by Exoscale."""
    variable: VariableName = "DATABASE_URL"
    """The application's environment variable that has its URL, from a Secret."""
    keep_data: StrictBool = True
    """The data outlives the application, and goes on costing: losing it can't be undone. With
    false and a volume in the stack's own cluster, `pulumi destroy` needs `--run-program`."""
    abandon_data: StrictBool = False
    """Whether a change may leave the data behind. Without it, one that would is refused."""
    version: MajorVersion | None = None
    """PostgreSQL's major version. Without it: what the image's tag begins with; of dbaas, 17."""

    image: Image = "postgres:17.11"
    """Of postgresql: an official image on Debian."""
    storage: Memory = "10Gi"
    """Of postgresql: size of its volume, of Exoscale's in whole GiB. It can grow; the database is
    stopped while a volume of Exoscale's does."""
    storage_class: Annotated[StrictStr, Field(min_length=1, examples=["local-path"])] | None = None
    """Of postgresql. Without it: Exoscale's that keeps data, or does not; it needs cluster.csi."""
    volume: Volume | None = None
    """Of postgresql: a block storage volume to use, with the data on it. Without it: a new one."""
    resources: ResourcesArgs = resources(cpu="100m", memory="256Mi", memory_limit="512Mi")
    """Of postgresql: what it has of its node."""
    backup: BackupArgs | None = None
    """Of postgresql: dumps, which outlive the volume."""

    zone: Zone | None = None
    """Of dbaas, required: where it runs."""
    plan: Plan = "startup-4"
    """Of dbaas: its size."""
    backup_schedule: TimeOfDay = "03:00"
    """Of dbaas: when Exoscale makes its daily backup, in UTC."""
    ip_filter: Annotated[tuple[Network, ...], *NOT_EMPTY] | None = None
    """Of dbaas: networks (CIDR) that may connect. Without it: the addresses that the nodes of the
    stack's cluster have at an up."""

    @property
    def major(self) -> str | None:
        """PostgreSQL's major version, as far as it is told."""
        if self.kind == "dbaas":
            return self.version or _DBAAS_MAJOR
        return self.version or self.major_in_tag

    @property
    def major_in_tag(self) -> str | None:
        """What the image's tag begins with, if that is a major version."""
        found = _MAJOR_IN_TAG.search(self.image)
        return found[1] if found else None

    @property
    def volume_class(self) -> str:
        """The storage class of its volume."""
        return self.storage_class or (KEEPING if self.keep_data else NOT_KEEPING)

    @property
    def needs_node_addresses(self) -> bool:
        """Whether the addresses of the cluster's nodes say who may connect."""
        return self.kind == "dbaas" and not self.ip_filter

    @property
    def is_of_exoscale(self) -> bool:
        """Whether its volume is one of Exoscale's block storage, as far as is known."""
        classes = (None, KEEPING, NOT_KEEPING)
        named = self.volume is not None or self.storage_class in classes
        return self.kind == "postgresql" and named

    @property
    def deletes_volume(self) -> bool:
        """Whether its volume is deleted with it, as far as is known."""
        own = self.kind == "postgresql" and self.volume is None
        return own and self.volume_class == NOT_KEEPING

    @property
    def needs_csi(self) -> bool:
        """Whether its volume comes from Exoscale's CSI driver, as far as is known."""
        return self.kind == "postgresql" and self.storage_class is None

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for each key of the other kind, and for what the kind requires."""
        for key, value in given(self).items():
            if value is not None and key in OF_THE_OTHER[self.kind]:
                yield Problem((key,), value, f"is not a key of kind {self.kind}")
        if self.kind == "dbaas":
            if not self.zone:
                yield Problem(("zone",), None, "is required with kind dbaas")
            return
        yield from self._problem_of_version()
        gib = quantity(self.storage) / GIB
        if self.is_of_exoscale and (gib % 1 or not 1 <= gib <= LARGEST_VOLUME):
            message = (
                f"must be whole GiB, from 1Gi to {LARGEST_VOLUME}Gi, as volumes of Exoscale's are"
            )
            yield Problem(("storage",), self.storage, message)

    def _problem_of_version(self) -> Iterator[Problem]:
        """Yields a problem unless the major version is known: no other one can read the data."""
        if not self.major:
            message = f"is required: the tag of {self.image} does not begin with a major version"
            yield Problem(("version",), None, message)
        elif self.major_in_tag not in (None, self.major):
            message = f"must be that of the image's tag, {self.major_in_tag}"
            yield Problem(("version",), self.version, message)
