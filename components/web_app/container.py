"""One container of a pod."""

from __future__ import annotations

from typing import Any

from components.kubernetes.resources import resource_requirements
from components.kubernetes.security import security_context
from settings.apps.container import ContainerSettings
from settings.apps.own_names import WRITABLE


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
        "env": [{"name": key, "value": value} for key, value in settings.environment.items()],
        "resources": {key: amounts for key, amounts in resources.items() if amounts},
        "security_context": security_context(user, group, read_only_root_filesystem=read_only),
        "volume_mounts": _mounts(name, settings),
    }
    return {key: value for key, value in fields.items() if value}


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
