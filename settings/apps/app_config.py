"""An application's configuration and secrets: environment variables and files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, StrictStr

from settings.apps.container import FilePath
from settings.secret import SetSecret
from settings.types import EnvironmentValue, SettingsModel, VariableKey, matches

RegistryName = Annotated[
    StrictStr, matches(r"[A-Za-z0-9][A-Za-z0-9.-]*(:\d+)?", "a host name", "ghcr.io")
]
LocalFile = Annotated[
    StrictStr,
    matches(r"[^\0]+", "the path of a file, from the folder of the stack's file", "files/logo.png"),
]
GeneratedName = Annotated[
    StrictStr,
    matches(
        r"(?![\d.])[-._A-Za-z0-9]*[A-Za-z0-9]",
        "an environment variable's name: letters, digits and - _ . between them, no digit first",
        "API_KEY",
    ),
]
"""It ends with a letter or digit, for the name of its Secret ends with it."""


class ConfigSettings(SettingsModel):
    """What is no secret; kept in a ConfigMap."""

    environment: dict[VariableKey, EnvironmentValue] = Field(default_factory=dict)
    """Environment variables, name to value."""
    files: dict[FilePath, StrictStr] = Field(default_factory=dict)
    """Files, path in the container to contents."""
    files_from: dict[FilePath, LocalFile] = Field(default_factory=dict)
    """Files, path in the container to the path of a file beside the stack's, which may be large and
    need not be text."""

    @property
    def contents(self) -> dict[str, bytes]:
        """All files, path in the container to contents.

        Raises:
            OSError: for a file that can't be read.
        """
        written = {path: text.encode() for path, text in self.files.items()}
        return written | {path: Path(file).read_bytes() for path, file in self.files_from.items()}


class SecretsSettings(SettingsModel):
    """What is secret; kept in a Secret. A key without a value is one that has to be set."""

    environment: dict[VariableKey, SetSecret] = Field(default_factory=dict)
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
