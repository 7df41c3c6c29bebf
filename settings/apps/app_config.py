"""An application's configuration and secrets: environment variables and files."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StrictStr
from pydantic_core import PydanticCustomError

from settings.apps.container import FilePath
from settings.types import EnvironmentName, EnvironmentValue, Secret, SettingsModel, matches

RegistryName = Annotated[
    StrictStr, matches(r"[A-Za-z0-9][A-Za-z0-9.-]*(:\d+)?", "a host name, such as ghcr.io")
]


def _is_set(value: object) -> object:
    if value is None or value == "":
        raise PydanticCustomError("not_set", "is not set")
    return value


SetSecret = Annotated[Secret, BeforeValidator(_is_set)]


class ConfigSettings(SettingsModel):
    """What is no secret; kept in a ConfigMap."""

    environment: dict[EnvironmentName, EnvironmentValue] = Field(default_factory=dict)
    files: dict[FilePath, StrictStr] = Field(default_factory=dict)


class SecretsSettings(SettingsModel):
    """What is secret; kept in a Secret. A key without a value is one that has to be set."""

    environment: dict[EnvironmentName, SetSecret] = Field(default_factory=dict)
    files: dict[FilePath, SetSecret] = Field(default_factory=dict)


class PullSecretSettings(SettingsModel):
    """The credentials for a private registry."""

    registry: RegistryName
    username: Annotated[StrictStr, Field(min_length=1)]
    password: SetSecret = Field(default=None, validate_default=True)
