"""An application's configuration and secrets: environment variables and files."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictStr

from settings.apps.container import FilePath
from settings.secret import SetSecret
from settings.types import EnvironmentName, EnvironmentValue, SettingsModel, matches

RegistryName = Annotated[
    StrictStr, matches(r"[A-Za-z0-9][A-Za-z0-9.-]*(:\d+)?", "a host name", "ghcr.io")
]


class ConfigSettings(SettingsModel):
    """What is no secret; kept in a ConfigMap."""

    environment: dict[EnvironmentName, EnvironmentValue] = Field(default_factory=dict)
    """Environment variables, name to value."""
    files: dict[FilePath, StrictStr] = Field(default_factory=dict)
    """Files, path in the container to contents."""


class SecretsSettings(SettingsModel):
    """What is secret; kept in a Secret. A key without a value is one that has to be set."""

    environment: dict[EnvironmentName, SetSecret] = Field(default_factory=dict)
    """Environment variables, name to value, each encrypted."""
    files: dict[FilePath, SetSecret] = Field(default_factory=dict)
    """Files, path in the container to contents, each encrypted."""


class PullSecretSettings(SettingsModel):
    """The credentials for a private registry."""

    registry: RegistryName
    """The registry's host."""
    username: Annotated[StrictStr, Field(min_length=1, examples=["robot"])]
    """Who pulls."""
    password: SetSecret = Field(default=None, validate_default=True)
    """The user's password, encrypted. Required."""
