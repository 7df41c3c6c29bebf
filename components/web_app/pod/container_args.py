"""The settings of containers: the application's own, sidecars and init containers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from ...args.image import Image
from ...args.inputs import Input
from ...args.resources import ResourcesArgs, resources
from ...args.types import (
    Args,
    Dns1123Label,
    EnvironmentValue,
    FilePath,
    VariableName,
    defaults_of,
)
from .value_from_args import ValueFromArgs

PullPolicy = Literal["Always", "IfNotPresent", "Never"]
UserId = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]


class MountArgs(Args):
    """A volume mounted in a container."""

    volume: Dns1123Label = Field(examples=["shared-logs"])
    """Name of one of the application's volumes."""
    path: FilePath = Field(examples=["/var/log/nginx"])
    """Path in the container."""
    read_only: StrictBool = False
    """Whether the container can only read it."""


class SecurityArgs(Args):
    """Security settings of a container."""

    run_as_user: UserId | None = Field(default=None, examples=[1000])
    """Numeric user ID. 0 is root, which the level `restricted` rejects. Default: the pod's."""
    run_as_group: UserId | None = Field(default=None, examples=[1000])
    """Numeric group ID. 0 is root's group, for images whose files belong to it. Default: the user
    ID."""
    read_only_root_filesystem: StrictBool = True
    """Whether the container's file system is read-only: an attacker can't write to it either."""
    writable_paths: tuple[FilePath, ...] = ("/tmp",)
    """Paths that are writable nevertheless, and empty at first. Most programs need the default."""


class AppSecurityArgs(SecurityArgs):
    """Security settings of the application's container. Its user is the pod's default."""

    run_as_user: UserId = 1000
    """Numeric user ID, which also owns files in volumes. Kubernetes rejects root, 0, in namespaces
    of the level `restricted`."""


class ContainerArgs(Args):
    """Settings of every container."""

    image: Input[Image]
    """Container image, with tag or digest."""
    image_pull_policy: PullPolicy | None = None
    """When the image is pulled. Default: Always for the tag latest, otherwise IfNotPresent."""
    command: tuple[StrictStr, ...] = Field(default=(), examples=[["sh", "-c"]])
    """Replaces the image's entrypoint."""
    arguments: tuple[StrictStr, ...] = Field(
        default=(), validation_alias="args", examples=[["--verbose"]]
    )
    """Replaces the image's arguments."""
    environment: Mapping[VariableName, Input[EnvironmentValue]] = Field(default_factory=dict)
    """Environment variables, name to value. The order matters: Kubernetes replaces `$(NAME)` by the
    value of an earlier variable."""
    value_from: Mapping[VariableName, ValueFromArgs] = Field(default_factory=dict)
    """Environment variables whose values are in an existing Secret or in the pod, name to source.
    They come before those of environment, whose values can refer to them."""
    resources: ResourcesArgs = resources(cpu="10m", memory="32Mi", memory_limit="128Mi")
    """Its resources. There is no CPU limit by default: it would throttle the container on an idle
    node."""
    security: SecurityArgs = defaults_of(SecurityArgs)
    """Its security settings."""
    mounts: tuple[MountArgs, ...] = ()
    """Volumes that are mounted in it."""


class _Named(Args):
    name: Dns1123Label = Field(examples=["logs"])
    """Unique name."""


class InitContainerArgs(ContainerArgs, _Named):
    """A container that runs to completion before the application starts."""

    inherits: tuple[Literal["environment", "config", "secrets"], ...] = ()
    """What it inherits from the application: `environment` (with valueFrom), `config` (with files),
    `secrets` (with files, generatedSecrets and the database's variable). Its own variables take
    precedence. Default: nothing."""


class SidecarArgs(InitContainerArgs):
    """A container that runs beside the application."""

    native: StrictBool = True
    """Whether it starts before the application and stops after it. If false, both start
    together."""
