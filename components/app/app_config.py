"""An application's configuration and secrets: environment variables, files, credentials.

The objects have generated names, and one with other contents is another one: a change of contents
changes the name in the pods' specification, which rolls them. Nothing of a secret, not even a
checksum, is seen in that specification.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Secret

from components.secret_values import drawn_secret, encoded, variable

if TYPE_CHECKING:
    from components.web_app import WebAppArgs

CONFIG_FILES = "config-files"
SECRET_FILES = "secret-files"
READABLE_BY_GROUP = 0o440


class ConfigArgs(TypedDict):
    """`environment` has variables; `files` has contents by their paths in the container."""

    environment: Mapping[str, pulumi.Input[str]]
    files: Mapping[str, pulumi.Input[str]]


class PullSecretArgs(TypedDict):
    """The credentials for a private registry."""

    registry: str
    username: str
    password: pulumi.Input[str]


class AppConfig(NamedTuple):
    """What a container takes from these objects, as `pulumi_kubernetes` has it."""

    env: Sequence[dict[str, Any]]
    env_from: Sequence[dict[str, Any]]
    volumes: Sequence[dict[str, Any]]
    volume_mounts: Sequence[dict[str, Any]]
    image_pull_secrets: Sequence[dict[str, Any]]


def create_app_config(name: str, args: WebAppArgs, opts: pulumi.ResourceOptions) -> AppConfig:
    """The application's ConfigMaps and Secrets, those that have something in them."""
    metadata = {"namespace": args["namespace"]}
    config, hidden = args["config"], args["secrets"]
    env = [
        variable(key, _generated_secret(name, key, metadata, opts), key)
        for key in args["generated_secrets"]
    ]
    env_from: list[dict[str, Any]] = []
    volumes: list[dict[str, Any]] = []
    if config["environment"]:
        map_ = ConfigMap(f"{name}-config", metadata=metadata, data=config["environment"], opts=opts)
        env_from.append({"config_map_ref": {"name": map_.metadata.name}})
    if hidden["environment"]:
        secret = _secret(f"{name}-secrets", metadata, hidden["environment"], opts)
        env_from.append({"secret_ref": {"name": secret.metadata.name}})
    if config["files"]:
        map_ = ConfigMap(
            f"{name}-config-files", metadata=metadata, data=_by_key(config["files"]), opts=opts
        )
        volumes.append({"name": CONFIG_FILES, "config_map": {"name": map_.metadata.name}})
    if hidden["files"]:
        secret = _secret(f"{name}-secret-files", metadata, _by_key(hidden["files"]), opts)
        source = {"secret_name": secret.metadata.name, "default_mode": READABLE_BY_GROUP}
        volumes.append({"name": SECRET_FILES, "secret": source})
    mounts = _mounts(CONFIG_FILES, config["files"]) + _mounts(SECRET_FILES, hidden["files"])
    pull = []
    if "pull_secret" in args:
        pull.append({"name": _pull_secret(name, args["pull_secret"], metadata, opts).metadata.name})
    return AppConfig(env, env_from, volumes, mounts, pull)


def _generated_secret(
    name: str, key: str, metadata: Mapping[str, str], opts: pulumi.ResourceOptions
) -> Secret:
    values = {key: secrets.token_urlsafe(32)}
    return drawn_secret(f"{name}-{key.lower().replace('_', '-')}", metadata, values, opts)


def _secret(
    name: str,
    metadata: Mapping[str, str],
    values: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> Secret:
    """The values in base64, as the API server has them: there is no drift to be found later."""
    data = {key: pulumi.Output.secret(value).apply(encoded) for key, value in values.items()}
    return Secret(name, metadata=metadata, data=data, opts=opts)


def _pull_secret(
    name: str,
    args: PullSecretArgs,
    metadata: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> Secret:
    """Source: kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets."""

    def document(password: str) -> str:
        token = encoded(f"{args['username']}:{password}")
        return json.dumps({"auths": {args["registry"]: {"auth": token}}})

    contents = pulumi.Output.secret(args["password"]).apply(document)
    return Secret(
        f"{name}-registry",
        metadata=metadata,
        type="kubernetes.io/dockerconfigjson",
        data={".dockerconfigjson": contents.apply(encoded)},
        opts=opts,
    )


def file_key(path: str) -> str:
    """The key of a file in its ConfigMap or Secret: a key has no slashes."""
    return path.removeprefix("/").replace("/", "_")


def _by_key(files: Mapping[str, pulumi.Input[str]]) -> dict[str, pulumi.Input[str]]:
    return {file_key(path): contents for path, contents in files.items()}


def _mounts(volume: str, files: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": volume, "mount_path": path, "sub_path": file_key(path), "read_only": True}
        for path in files
    ]
