"""The settings of a container: the application's own, and those beside and before it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr, field_validator

from ...args.image import Image
from ...args.resources import Memory, ResourcesArgs, resources
from ...args.types import (
    Args,
    Dns1123Label,
    EnvironmentValue,
    FilePath,
    VariableName,
    defaults_of,
)
from ..names import OWN_VOLUMES
from .value_from_args import ValueFromArgs

PullPolicy = Literal["Always", "IfNotPresent", "Never"]
UserId = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]


class VolumeArgs(Args):
    """A folder that the pod's containers share, empty at first and gone with the pod."""

    name: Dns1123Label = Field(examples=["shared-logs"])
    """What containers' mounts name it by."""
    medium: Literal["disk", "memory"] = "disk"
    """Where it is. What is in memory counts as the containers' memory."""
    size_limit: Memory | None = None
    """What it may hold; a pod that has more in it is ended. Without it: no limit."""

    @field_validator("name")
    @classmethod
    def _not_own(cls, name: str) -> str:
        if name in OWN_VOLUMES:
            raise ValueError(f"must be another one than {', '.join(sorted(OWN_VOLUMES))}")
        return name


class MountArgs(Args):
    """Where a container sees a volume."""

    volume: Dns1123Label = Field(examples=["shared-logs"])
    """The name of one of the application's volumes."""
    path: FilePath = Field(examples=["/var/log/nginx"])
    """The folder in the container."""
    read_only: StrictBool = False
    """The container can't write to it."""


class SecurityArgs(Args):
    """What a container may do."""

    run_as_user: UserId | None = Field(default=None, examples=[1000])
    """Numeric user. 0 is root, and refused by the level `restricted`. Without it: the pod's."""
    run_as_group: UserId | None = Field(default=None, examples=[1000])
    """Numeric group. 0 is root's, for images whose files belong to it. Without it: the one that has
    the user's number."""
    read_only_root_filesystem: StrictBool = True
    """The container can't change its own files, nor can who breaks into it."""
    writable_paths: tuple[FilePath, ...] = ("/tmp",)
    """Folders that are writable all the same, empty at first. Most programs need the default."""


class AppSecurityArgs(SecurityArgs):
    """What the application's container may do. Its user is the pod's."""

    run_as_user: UserId = 1000
    """Numeric user, which Kubernetes can tell from root, 0. Its files in volumes are its own."""


class ContainerArgs(Args):
    """What every container has."""

    name: Dns1123Label = Field(examples=["logs"])
    """What tells it from the pod's other containers."""
    image: Image
    """Container image, with tag or digest."""
    image_pull_policy: PullPolicy | None = None
    """When the image is pulled. Without it: Always for the tag latest, else IfNotPresent."""
    command: tuple[StrictStr, ...] = Field(default=(), examples=[["sh", "-c"]])
    """In place of the image's own entrypoint."""
    arguments: tuple[StrictStr, ...] = Field(
        default=(), validation_alias="args", examples=[["--verbose"]]
    )
    """In place of the image's own arguments."""
    environment: dict[VariableName, EnvironmentValue] = Field(default_factory=dict)
    """Environment variables, name to value, in this order: Kubernetes replaces `$(NAME)` by the
    value of an earlier one."""
    value_from: dict[VariableName, ValueFromArgs] = Field(default_factory=dict)
    """Environment variables whose values are in a Secret that exists, or in the pod, name to
    source. They come before those of environment, whose values can refer to them."""
    resources: ResourcesArgs = resources(cpu="10m", memory="32Mi", memory_limit="128Mi")
    """What it has of its node. There is no CPU limit: it would slow it down on an idle node."""
    security: SecurityArgs = defaults_of(SecurityArgs)
    """What it may do."""
    mounts: tuple[MountArgs, ...] = ()
    """Where it sees the pod's volumes."""


class InitContainerArgs(ContainerArgs):
    """A container that ends before the application starts."""

    inherits: tuple[Literal["environment", "config", "secrets"], ...] = ()
    """What it has of the application's. `environment` is with valueFrom, `config` with files,
    `secrets` with files, generatedSecrets and the database's variable. Its own variables take
    precedence. Default: nothing."""


class SidecarArgs(InitContainerArgs):
    """A container beside the application."""

    native: StrictBool = True
    """It starts before the application and stops after it. If false: with it."""
