"""One container of a pod."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from components.security import security_context

WRITABLE_VOLUME = "writable"
"""The pod's volume with a folder for each path that a container may write to."""


class MountArgs(TypedDict):
    """Where a container sees a volume of the pod."""

    volume: str
    path: str
    read_only: bool


class SecurityArgs(TypedDict):
    """`run_as_user` is a numeric user, 0 for root; `writable_paths` stay writable whatever else."""

    run_as_user: NotRequired[int]
    read_only_root_filesystem: bool
    writable_paths: Sequence[str]


class ContainerArgs(TypedDict):
    """What every container has.

    `resources` has `requests` and `limits`, each with `cpu` and `memory` as Kubernetes quantities.
    Without a `command` the image's own runs.
    """

    image: pulumi.Input[str]
    image_pull_policy: NotRequired[str]
    command: Sequence[str]
    arguments: Sequence[str]
    environment: Mapping[str, pulumi.Input[str]]
    resources: Mapping[str, Mapping[str, str]]
    security: SecurityArgs
    mounts: Sequence[MountArgs]


class InitContainerArgs(ContainerArgs):
    """A container that ends before the application starts."""

    name: str


class SidecarArgs(InitContainerArgs):
    """A container beside the application; a `native` one starts before it and stops after it."""

    native: bool


def container(name: str, args: ContainerArgs, *, user: int | None = None) -> dict[str, Any]:
    """The container's fields, as `pulumi_kubernetes` takes them; `user` if not the pod's."""
    fields: dict[str, Any] = {
        "name": name,
        "image": args["image"],
        "image_pull_policy": args.get("image_pull_policy"),
        "command": args["command"],
        "args": args["arguments"],
        "env": [{"name": key, "value": value} for key, value in args["environment"].items()],
        "resources": {key: amounts for key, amounts in args["resources"].items() if amounts},
        "security_context": security_context(
            user, read_only_root_filesystem=args["security"]["read_only_root_filesystem"]
        ),
        "volume_mounts": _mounts(name, args),
    }
    return {key: value for key, value in fields.items() if value}


def _mounts(name: str, args: ContainerArgs) -> list[dict[str, Any]]:
    writable = [
        {"name": WRITABLE_VOLUME, "mount_path": path, "sub_path": f"{name}{path}"}
        for path in args["security"]["writable_paths"]
    ]
    shared = [
        {"name": mount["volume"], "mount_path": mount["path"], "read_only": mount["read_only"]}
        for mount in args["mounts"]
    ]
    return writable + shared
