"""An application's configuration and secrets: environment variables, files, credentials.

The objects have generated names, and one with other contents is another one: a change of contents
changes the name in the pods' specification, which rolls them. Nothing of a secret, not even a
checksum, is seen in that specification.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Secret
from pydantic import SecretStr

from components.kubernetes.secrets import drawn_secret, encoded, variable
from components.secret import secret_output
from settings.app import AppSettings
from settings.apps.app_config import PullSecretSettings
from settings.apps.own_names import (
    CONFIG,
    CONFIG_FILES,
    REGISTRY,
    SECRET_FILES,
    SECRETS,
    file_key,
    generated_secret,
)

READABLE_BY_GROUP = 0o440


class AppConfig(NamedTuple):
    """What a container takes from these objects, as `pulumi_kubernetes` has it."""

    env: Sequence[dict[str, Any]]
    env_from: Sequence[dict[str, Any]]
    volumes: Sequence[dict[str, Any]]
    volume_mounts: Sequence[dict[str, Any]]
    image_pull_secrets: Sequence[dict[str, Any]]


def create_app_config(
    name: str, namespace: str, settings: AppSettings, opts: pulumi.ResourceOptions
) -> AppConfig:
    """The application's ConfigMaps and Secrets, those that have something in them."""
    metadata = {"namespace": namespace}
    config, hidden = settings.config, settings.secrets
    env = [
        variable(key, _generated_secret(name, key, metadata, opts), key)
        for key in settings.generated_secrets
    ]
    env_from: list[dict[str, Any]] = []
    volumes: list[dict[str, Any]] = []
    if config.environment:
        map_ = ConfigMap(f"{name}-{CONFIG}", metadata=metadata, data=config.environment, opts=opts)
        env_from.append({"config_map_ref": {"name": map_.metadata.name}})
    if hidden.environment:
        secret = _secret(f"{name}-{SECRETS}", metadata, hidden.environment, opts)
        env_from.append({"secret_ref": {"name": secret.metadata.name}})
    if config.files:
        contents = {file_key(path): text for path, text in config.files.items()}
        map_ = ConfigMap(f"{name}-{CONFIG_FILES}", metadata=metadata, data=contents, opts=opts)
        volumes.append({"name": CONFIG_FILES, "config_map": {"name": map_.metadata.name}})
    if hidden.files:
        hidden_contents = {file_key(path): text for path, text in hidden.files.items()}
        secret = _secret(f"{name}-{SECRET_FILES}", metadata, hidden_contents, opts)
        source = {"secret_name": secret.metadata.name, "default_mode": READABLE_BY_GROUP}
        volumes.append({"name": SECRET_FILES, "secret": source})
    mounts = _mounts(CONFIG_FILES, config.files) + _mounts(SECRET_FILES, hidden.files)
    pull = []
    if settings.pull_secret:
        secret = _pull_secret(name, settings.pull_secret, metadata, opts)
        pull.append({"name": secret.metadata.name})
    return AppConfig(env, env_from, volumes, mounts, pull)


def _generated_secret(
    name: str, key: str, metadata: Mapping[str, str], opts: pulumi.ResourceOptions
) -> Secret:
    values = {key: secrets.token_urlsafe(32)}
    return drawn_secret(f"{name}-{generated_secret(key)}", metadata, values, opts)


def _secret(
    name: str,
    metadata: Mapping[str, str],
    values: Mapping[str, SecretStr],
    opts: pulumi.ResourceOptions,
) -> Secret:
    """The values in base64, as the API server has them: there is no drift to be found later."""
    data = {key: secret_output(value).apply(encoded) for key, value in values.items()}
    return Secret(name, metadata=metadata, data=data, opts=opts)


def _pull_secret(
    name: str,
    settings: PullSecretSettings,
    metadata: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> Secret:
    """Source: kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets."""

    def document(password: str) -> str:
        token = encoded(f"{settings.username}:{password}")
        return json.dumps({"auths": {settings.registry: {"auth": token}}})

    contents = secret_output(settings.password).apply(document)
    return Secret(
        f"{name}-{REGISTRY}",
        metadata=metadata,
        type="kubernetes.io/dockerconfigjson",
        data={".dockerconfigjson": contents.apply(encoded)},
        opts=opts,
    )


def _mounts(volume: str, files: Iterable[str]) -> list[dict[str, Any]]:
    return [
        {"name": volume, "mount_path": path, "sub_path": file_key(path), "read_only": True}
        for path in files
    ]
