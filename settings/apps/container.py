"""The settings of a container: the application's own, and those beside and before it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr, field_validator

from settings.resources import Memory, ResourcesSettings, resources
from settings.types import (
    DnsLabel,
    EnvironmentName,
    EnvironmentValue,
    Image,
    SettingsModel,
    matches,
)

FilePath = Annotated[
    StrictStr,
    matches(
        r"(/[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*)+",
        "an absolute path of letters, digits and . _ -, such as /etc/app/app.conf",
    ),
]
PullPolicy = Literal["Always", "IfNotPresent", "Never"]
UserId = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]
OWN_VOLUMES = frozenset({"writable", "config-files", "secret-files"})
"""Names of the volumes that the component itself makes."""


class VolumeSettings(SettingsModel):
    """A folder that the pod's containers share, empty at first and gone with the pod."""

    name: DnsLabel
    medium: Literal["disk", "memory"] = "disk"
    size_limit: Memory | None = None

    @field_validator("name")
    @classmethod
    def _not_own(cls, name: str) -> str:
        if name in OWN_VOLUMES:
            raise ValueError(f"must be another one than {', '.join(sorted(OWN_VOLUMES))}")
        return name


class MountSettings(SettingsModel):
    """Where a container sees a volume."""

    volume: DnsLabel
    path: FilePath
    read_only: StrictBool = False


class SecuritySettings(SettingsModel):
    """What a container may do. `run_as_user` 0 is root, and refused by the level `restricted`."""

    run_as_user: UserId | None = None
    read_only_root_filesystem: StrictBool = True
    writable_paths: tuple[FilePath, ...] = ("/tmp",)


class AppSecuritySettings(SecuritySettings):
    """The pod's user is a numeric one, which Kubernetes can tell from root."""

    run_as_user: UserId = 1000


class ContainerSettings(SettingsModel):
    """What every container has."""

    name: DnsLabel
    image: Image
    image_pull_policy: PullPolicy | None = None
    command: tuple[StrictStr, ...] = ()
    arguments: tuple[StrictStr, ...] = Field(default=(), alias="args")
    environment: dict[EnvironmentName, EnvironmentValue] = Field(default_factory=dict)
    resources: ResourcesSettings = resources(cpu="10m", memory="32Mi", memory_limit="128Mi")
    security: SecuritySettings = Field(default_factory=SecuritySettings)
    mounts: tuple[MountSettings, ...] = ()


class InitContainerSettings(ContainerSettings):
    """A container that ends before the application starts."""


class SidecarSettings(InitContainerSettings):
    """A container beside the application: a native one starts before it and stops after it."""

    native: StrictBool = True
