"""The settings of an application's database."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from settings.image import Image
from settings.resources import Memory, ResourcesSettings, resources
from settings.secret import ClearOrSecret, Secret
from settings.types import UUID, Network, SettingsModel, VariableName, Zone, matches

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


class BackupSettings(SettingsModel):
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
    resources: ResourcesSettings = resources(cpu="50m", memory="64Mi", memory_limit="256Mi")
    """What the upload has of its node; a dump has what the database has."""


class DatabaseSettings(SettingsModel):
    """PostgreSQL, in the cluster or managed by Exoscale."""

    kind: Literal["postgresql", "dbaas"] = "postgresql"
    """postgresql: in the cluster. dbaas: managed by Exoscale."""
    variable: VariableName = "DATABASE_URL"
    """The application's environment variable that has its URL, from a Secret."""
    keep_data: StrictBool = True
    """The data outlives the application, and goes on costing: losing it can't be undone."""

    image: Image = "postgres:17.7"
    """Of postgresql: an official image on Debian."""
    storage: Memory = "10Gi"
    """Of postgresql: size of its volume, which can grow."""
    storage_class: Annotated[StrictStr, Field(min_length=1, examples=["local-path"])] | None = None
    """Of postgresql. Without it: Exoscale's that keeps data, or does not; it needs cluster.csi."""
    volume: Volume | None = None
    """Of postgresql: a block storage volume to use, with the data on it. Without it: a new one."""
    resources: ResourcesSettings = resources(cpu="100m", memory="256Mi", memory_limit="512Mi")
    """Of postgresql: what it has of its node."""
    backup: BackupSettings | None = None
    """Of postgresql: dumps, which outlive the volume."""

    zone: Zone | None = None
    """Of dbaas, required: where it runs."""
    plan: Plan = "startup-4"
    """Of dbaas: its size."""
    version: MajorVersion = "17"
    """Of dbaas: PostgreSQL's major version."""
    ip_filter: tuple[Network, ...] | None = None
    """Of dbaas, required: networks (CIDR) that may connect."""

    @property
    def needs_csi(self) -> bool:
        """Whether its volume comes from Exoscale's CSI driver, as far as is known."""
        return self.kind == "postgresql" and self.storage_class is None
