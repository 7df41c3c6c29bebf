"""One container of a pod."""

from __future__ import annotations

from typing import Any

from components.kubernetes.resources import resource_requirements
from components.kubernetes.security import security_context
from settings.apps.container import ContainerSettings
from settings.apps.own_names import WRITABLE
from settings.apps.value_from import ValueFromSettings


def container(
    name: str, settings: ContainerSettings, *, user: int | None = None, group: int | None = None
) -> dict[str, Any]:
    """The container's fields, as `pulumi_kubernetes` takes them; a user and group of its own."""
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


def _environment(settings: ContainerSettings) -> list[dict[str, Any]]:
    """The variables in Kubernetes' order: it expands only references to earlier ones."""
    sources = [
        {"name": key, "value_from": _source(source)} for key, source in settings.value_from.items()
    ]
    return sources + [{"name": key, "value": value} for key, value in settings.environment.items()]


def _source(settings: ValueFromSettings) -> dict[str, Any]:
    if field := settings.field_ref:
        return {"field_ref": {"field_path": field.field_path}}
    secret = settings.secret_key_ref
    assert secret  # a rule of settings/checks: there is one of the two
    optional = {"optional": True} if secret.optional else {}
    return {"secret_key_ref": {"name": secret.name, "key": secret.key} | optional}


def _mounts(name: str, settings: ContainerSettings) -> list[dict[str, Any]]:
    writable = [
        {"name": WRITABLE, "mount_path": path, "sub_path": f"{name}{path}"}
        for path in settings.security.writable_paths
    ]
    shared = [
        {"name": mount.volume, "mount_path": mount.path, "read_only": mount.read_only}
        for mount in settings.mounts
    ]
    return writable + shared
