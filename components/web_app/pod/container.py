"""A container of a pod."""

from __future__ import annotations

from typing import Any

from ...manifests.resources import resource_requirements
from ...manifests.security import security_context
from ..names import WRITABLE
from .container_args import ContainerArgs
from .value_from_args import ValueFromArgs


def container(
    name: str, settings: ContainerArgs, *, user: int | None = None, group: int | None = None
) -> dict[str, Any]:
    """Returns the fields of a container for `pulumi_kubernetes`, with its own user and group if
    given."""
    resources = resource_requirements(settings.resources)
    read_only = settings.security.read_only_root_filesystem
    fields: dict[str, Any] = {
        "name": name,
        "image": settings.image,
        "image_pull_policy": settings.image_pull_policy,
        "command": settings.command,
        "args": settings.arguments,
        "env": _environment(settings),
        "resources": {key: amounts for key, amounts in resources.items() if amounts},
        "security_context": security_context(user, group, read_only_root_filesystem=read_only),
        "volume_mounts": _mounts(name, settings),
    }
    return {key: value for key, value in fields.items() if value}


def _environment(settings: ContainerArgs) -> list[dict[str, Any]]:
    """Returns the variables in order: Kubernetes expands only references to earlier ones."""
    sources = [
        {"name": key, "value_from": _source(source)} for key, source in settings.value_from.items()
    ]
    return sources + [{"name": key, "value": value} for key, value in settings.environment.items()]


def _source(settings: ValueFromArgs) -> dict[str, Any]:
    if field := settings.field_ref:
        return {"field_ref": {"field_path": field.field_path}}
    secret = settings.secret_key_ref
    assert secret  # ValueFromArgs has one of the two
    optional = {"optional": True} if secret.optional else {}
    return {"secret_key_ref": {"name": secret.name, "key": secret.key} | optional}


def _mounts(name: str, settings: ContainerArgs) -> list[dict[str, Any]]:
    writable = [
        {"name": WRITABLE, "mount_path": path, "sub_path": f"{name}{path}"}
        for path in settings.security.writable_paths
    ]
    shared = [
        {"name": mount.volume, "mount_path": mount.path, "read_only": mount.read_only}
        for mount in settings.mounts
    ]
    return writable + shared
