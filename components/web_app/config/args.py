"""An application's configuration and secrets: environment variables and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StrictStr

from ...args.inputs import Input, SetSecretInput, known
from ...args.problem import Problem
from ...args.types import Args, EnvironmentValue, FilePath, VariableKey, matches

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


KIB = 1024
LARGEST_OBJECT = 1024 * KIB
"""The values of a ConfigMap or Secret, in bytes.

Source: kubernetes.io/docs/concepts/configuration/configmap, .../secret.
"""


def too_large(key: str, values: Iterable[bytes]) -> Iterator[Problem]:
    """Yields a problem for values that do not fit into one ConfigMap or Secret."""
    size = sum(map(len, values))
    if size > LARGEST_OBJECT:
        message = f"must have {LARGEST_OBJECT / KIB:.0f} KiB together at most"
        yield Problem((key,), f"{size / KIB:.0f} KiB", message)


class ConfigArgs(Args):
    """Configuration that is not secret, stored in ConfigMaps."""

    environment: Mapping[VariableKey, Input[EnvironmentValue]] = Field(default_factory=dict)
    """Environment variables, name to value."""
    files: Mapping[FilePath, Input[StrictStr]] = Field(default_factory=dict)
    """Files, path in the container to contents."""
    files_from: Mapping[FilePath, LocalFile] = Field(default_factory=dict)
    """Files, path in the container to the path of a local file, relative to the stack's file. It
    may be large and binary."""
    modes: Mapping[FilePath, FileMode] = Field(default_factory=dict)
    """Modes of these files, path in the container to mode. Default: 0644, not executable."""

    @property
    def read_files(self) -> dict[str, bytes]:
        """The files of `files_from`, path in the container to contents.

        Raises:
            OSError: for a file that can't be read.
        """
        return {path: Path(file).read_bytes() for path, file in self.files_from.items()}

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for each file that can't be read, and for values that are too large."""
        yield from too_large("environment", map(str.encode, known(self.environment).values()))
        unreadable = [*self._unreadable()]
        yield from unreadable
        if not unreadable:
            written = {path: text.encode() for path, text in known(self.files).items()}
            contents = written | self.read_files
            yield from too_large("filesFrom" if self.files_from else "files", contents.values())

    def _unreadable(self) -> Iterator[Problem]:
        for target, file in self.files_from.items():
            try:
                Path(file).read_bytes()
            except OSError as error:
                message = f"must be the path of a file that can be read: {error.strerror}"
                yield Problem(("filesFrom", target), file, message)


class SecretsArgs(Args):
    """Secret configuration, stored in Secrets. A key without a value must be set."""

    environment: Mapping[VariableKey, SetSecretInput] = Field(default_factory=dict)
    """Environment variables, name to value, each encrypted."""
    files: Mapping[FilePath, SetSecretInput] = Field(default_factory=dict)
    """Files, path in the container to contents, each encrypted."""
    modes: Mapping[FilePath, FileMode] = Field(default_factory=dict)
    """Modes of these files, path in the container to mode. Default: 0440, not executable."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for secrets that are too large for one Secret."""
        for key, values in (("environment", self.environment), ("files", self.files)):
            texts = (
                value.get_secret_value()
                for value in values.values()
                if isinstance(value, SecretStr)
            )
            yield from too_large(key, map(str.encode, texts))


class PullSecretArgs(Args):
    """The credentials for a private registry."""

    registry: RegistryName
    """Host of the registry."""
    username: Annotated[StrictStr, Field(min_length=1, examples=["robot"])]
    """User that pulls images."""
    password: SetSecretInput = Field(default=None, validate_default=True)
    """Password of the user, encrypted. Required."""
