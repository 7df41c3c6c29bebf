"""An application's configuration and secrets: environment variables, files, credentials.

The objects have generated names, and a change of contents replaces them. The new name in the pods'
specification then starts a rollout. The specification shows nothing of a secret, not even a
checksum.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Secret

from ...args.inputs import SecretInput
from ...manifests.secret_value import secret_value
from ...manifests.secrets import create_generated_secret, encoded, variable
from ..context import Objects
from ..names import (
    CONFIG,
    CONFIG_FILES,
    REGISTRY,
    SECRET_FILES,
    SECRETS,
    file_key,
    generated_secret,
)
from .args import PullSecretArgs

if TYPE_CHECKING:
    from ..args import WebAppArgs

READABLE_BY_GROUP = 0o440
Value = TypeVar("Value")


class ContainerConfig(NamedTuple):
    """Fields of a container that refer to these objects, for `pulumi_kubernetes`."""

    env: Sequence[dict[str, Any]] = ()
    env_from: Sequence[dict[str, Any]] = ()
    volume_mounts: Sequence[dict[str, Any]] = ()

    def and_(self, other: ContainerConfig) -> ContainerConfig:
        """Returns these fields, followed by those of another one."""
        return ContainerConfig(*([*mine, *its] for mine, its in zip(self, other, strict=True)))


class AppConfig(NamedTuple):
    """Fields of containers and their pod that refer to these objects."""

    config: ContainerConfig
    secrets: ContainerConfig
    volumes: Sequence[dict[str, Any]]
    image_pull_secrets: Sequence[dict[str, Any]]

    def of(self, *sources: str) -> ContainerConfig:
        """Returns the fields of a container that has `config`, `secrets` or both."""
        found = ContainerConfig()
        for source, given in (("config", self.config), ("secrets", self.secrets)):
            found = found.and_(given) if source in sources else found
        return found

    def with_secret(self, variable: dict[str, Any]) -> AppConfig:
        """Returns a copy with one more secret variable."""
        return self._replace(secrets=self.secrets.and_(ContainerConfig(env=[variable])))


def create_app_config(app: Objects, settings: WebAppArgs) -> AppConfig:
    """Creates the application's ConfigMaps and Secrets, except empty ones."""
    config, hidden = settings.config, settings.secrets
    env = [variable(key, _generated_secret(app, key), key) for key in settings.generated_secrets]
    config_from: list[dict[str, Any]] = []
    secrets_from: list[dict[str, Any]] = []
    volumes: list[dict[str, Any]] = []
    if config.environment:
        map_ = _config_map(app, CONFIG, config.environment)
        config_from.append({"config_map_ref": {"name": map_.metadata.name}})
    if hidden.environment:
        secret = _secret(app, SECRETS, hidden.environment)
        secrets_from.append({"secret_ref": {"name": secret.metadata.name}})
    files = {**config.files, **config.files_from}
    if files:
        map_ = _files_map(app, _by_key({**config.files, **config.read_files}))
        source = {"name": map_.metadata.name} | _items(files, config.modes)
        volumes.append({"name": CONFIG_FILES, "config_map": source})
    if hidden.files:
        secret = _secret(app, SECRET_FILES, _by_key(hidden.files))
        source = {"secret_name": secret.metadata.name, "default_mode": READABLE_BY_GROUP}
        source |= _items(hidden.files, hidden.modes)
        volumes.append({"name": SECRET_FILES, "secret": source})
    pull = []
    if settings.pull_secret:
        pull.append({"name": _pull_secret(app, settings.pull_secret).metadata.name})
    return AppConfig(
        ContainerConfig((), config_from, _mounts(CONFIG_FILES, files)),
        ContainerConfig(env, secrets_from, _mounts(SECRET_FILES, hidden.files)),
        volumes,
        pull,
    )


def _generated_secret(app: Objects, key: str) -> Secret:
    name = app.in_program(f"{app.name}-{generated_secret(key)}")
    return create_generated_secret(name, _unnamed(app), {key: secrets.token_urlsafe(32)}, app.opts)


def _config_map(app: Objects, suffix: str, data: Mapping[str, pulumi.Input[str]]) -> ConfigMap:
    name = app.in_program(f"{app.name}-{suffix}")
    return ConfigMap(name, metadata=_unnamed(app), data=data, opts=app.opts)


def _files_map(app: Objects, files: Mapping[str, pulumi.Input[str] | bytes]) -> ConfigMap:
    """Creates the ConfigMap of files. Binary files are in `binary_data`."""
    data: dict[str, pulumi.Input[str]] = {}
    binary: dict[str, str] = {}
    for key, contents in files.items():
        if not isinstance(contents, bytes):
            data[key] = contents
            continue
        try:
            data[key] = contents.decode()
        except UnicodeDecodeError:
            binary[key] = base64.b64encode(contents).decode()
    return ConfigMap(
        app.in_program(f"{app.name}-{CONFIG_FILES}"),
        metadata=_unnamed(app),
        data=data or None,
        binary_data=binary or None,
        opts=app.opts,
    )


def _secret(app: Objects, suffix: str, values: Mapping[str, SecretInput]) -> Secret:
    """Creates a Secret with the values in base64, as the API server stores them, to avoid drift."""
    name = app.in_program(f"{app.name}-{suffix}")
    data = {key: secret_value(value).apply(encoded) for key, value in values.items()}
    return Secret(name, metadata=_unnamed(app), data=data, opts=app.opts)


def _pull_secret(app: Objects, settings: PullSecretArgs) -> Secret:
    """Creates the Secret with the registry's credentials.

    Source: kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets.
    """

    def document(password: str) -> str:
        token = encoded(f"{settings.username}:{password}")
        return json.dumps({"auths": {settings.registry: {"auth": token}}})

    contents = secret_value(settings.password).apply(document)
    return Secret(
        app.in_program(f"{app.name}-{REGISTRY}"),
        metadata=_unnamed(app),
        type="kubernetes.io/dockerconfigjson",
        data={".dockerconfigjson": contents.apply(encoded)},
        opts=app.opts,
    )


def _unnamed(app: Objects) -> dict[str, str]:
    """Returns the metadata of an object with a generated name."""
    return {"namespace": app.namespace}


def _by_key(files: Mapping[str, Value]) -> dict[str, Value]:
    return {file_key(path): contents for path, contents in files.items()}


def _items(files: Iterable[str], modes: Mapping[str, str]) -> dict[str, Any]:
    """Returns the items of a volume, which it needs if a file has its own mode."""
    if not modes:
        return {}
    return {
        "items": [
            {"key": key, "path": key} | ({"mode": int(modes[path], 8)} if path in modes else {})
            for path in files
            for key in (file_key(path),)
        ]
    }


def _mounts(volume: str, files: Iterable[str]) -> list[dict[str, Any]]:
    return [
        {"name": volume, "mount_path": path, "sub_path": file_key(path), "read_only": True}
        for path in files
    ]
