"""The settings of an application's database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import Field, StrictBool, StrictInt, StrictStr, ValidationInfo, field_validator

from settings.resources import Memory, ResourcesSettings, resources
from settings.types import (
    UUID,
    EnvironmentName,
    Image,
    Network,
    Secret,
    SettingsModel,
    Zone,
    matches,
)

if TYPE_CHECKING:
    from components.database import DatabaseArgs

KEYS_OF = {
    "postgresql": ("image", "storage", "storage_class", "volume", "resources", "backup"),
    "dbaas": ("zone", "plan", "version", "ip_filter"),
}
"""The keys that one kind of database has and the other has not."""

KEEPING, NOT_KEEPING = "exoscale-bs-retain", "exoscale-sbs"
"""Storage classes of Exoscale's CSI driver (exoscale-csi-driver, deployment/)."""

_FIELD = r"(\*|\d+(-\d+)?)(/\d+)?(,(\*|\d+(-\d+)?)(/\d+)?)*"
Schedule = Annotated[
    StrictStr,
    matches(
        rf"@(yearly|monthly|weekly|daily|hourly)|{_FIELD}( {_FIELD}){{4}}",
        "a schedule in cron's notation, such as 0 3 * * *",
    ),
]
Bucket = Annotated[
    StrictStr,
    matches(
        r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
        "a bucket's name: lower-case letters, digits and dashes, 3 to 63 characters",
    ),
]
Volume = Annotated[
    StrictStr,
    matches(
        rf"[a-z]{{2}}-[a-z]{{2,3}}-\d/{UUID}",
        "ZONE/ID of a block storage volume, such as ch-gva-2/5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b",
    ),
]
Plan = Annotated[StrictStr, matches(r"[a-z]+-\d+", "a plan, such as startup-4")]
MajorVersion = Annotated[StrictStr, matches(r"\d+", 'a major version in quotes, such as "17"')]


class BackupSettings(SettingsModel):
    """Dumps into a bucket of Exoscale's object storage."""

    schedule: Schedule = "0 3 * * *"
    zone: Zone
    bucket: Bucket
    access_key: Annotated[StrictStr, Field(min_length=1)]
    secret_key: Secret
    keep_days: StrictInt = Field(default=30, ge=1)
    image: Image = "rclone/rclone:1.71.2"


class DatabaseSettings(SettingsModel):
    """PostgreSQL, in the cluster (`postgresql`) or managed by Exoscale (`dbaas`)."""

    kind: Literal["postgresql", "dbaas"] = "postgresql"
    variable: EnvironmentName = "DATABASE_URL"
    keep_data: StrictBool = True

    image: Image = "postgres:17.7"
    storage: Memory = "10Gi"
    storage_class: Annotated[StrictStr, Field(min_length=1)] | None = None
    volume: Volume | None = None
    resources: ResourcesSettings = resources(cpu="100m", memory="256Mi", memory_limit="512Mi")
    backup: BackupSettings | None = None

    zone: Zone | None = Field(default=None, validate_default=True)
    plan: Plan = "startup-4"
    version: MajorVersion = "17"
    ip_filter: tuple[Network, ...] | None = Field(default=None, validate_default=True)

    @field_validator(*KEYS_OF["postgresql"], *KEYS_OF["dbaas"], mode="before")
    @classmethod
    def _of_this_kind(cls, value: Any, info: ValidationInfo) -> Any:
        kind = info.data.get("kind", "")
        if value is not None and info.field_name not in KEYS_OF.get(kind, (info.field_name,)):
            raise ValueError(f"is not a key of kind {kind}")
        return value

    @field_validator("zone", "ip_filter")
    @classmethod
    def _required(cls, value: Any, info: ValidationInfo) -> Any:
        if not value and info.data.get("kind") == "dbaas":
            raise ValueError("is required with kind dbaas")
        return value

    @property
    def needs_csi(self) -> bool:
        """Whether its volume comes from Exoscale's CSI driver, as far as is known."""
        return self.kind == "postgresql" and self.storage_class is None

    @property
    def args(self) -> DatabaseArgs:
        storage_class = KEEPING if self.keep_data else NOT_KEEPING
        settings = self.model_dump(exclude_none=True)
        return cast("DatabaseArgs", {"storage_class": storage_class} | settings)
