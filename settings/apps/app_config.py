"""An application's configuration and secrets: environment variables and files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StrictStr

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
OWNER_EXECUTES, GROUP_EXECUTES = 0o100, 0o010


def _group_executes(mode: str) -> str:
    if int(mode, 8) & OWNER_EXECUTES and not int(mode, 8) & GROUP_EXECUTES:
        raise ValueError(
            'must let the group execute the file too, such as "0755": it belongs to root and the'
            " pod's group"
        )
    return mode


FileMode = Annotated[
    StrictStr,
    matches(r"0[0-7]{3}", "a file's mode: 0 and three octal digits, in quotes", "0755"),
    AfterValidator(_group_executes),
]
"""In quotes: for YAML, 0755 is 493."""

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
    modes: dict[FilePath, FileMode] = Field(default_factory=dict)
    """Modes of these files, path in the container to mode. Default: 0644, not executable."""

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
    modes: dict[FilePath, FileMode] = Field(default_factory=dict)
    """Modes of these files, path in the container to mode. Default: 0440, not executable."""


class PullSecretSettings(SettingsModel):
    """The credentials for a private registry."""

    registry: RegistryName
    """The registry's host."""
    username: Annotated[StrictStr, Field(min_length=1, examples=["robot"])]
    """Who pulls."""
    password: SetSecret = Field(default=None, validate_default=True)
    """The user's password, encrypted. Required."""
