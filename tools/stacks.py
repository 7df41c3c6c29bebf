"""The project's stacks: their names, their files, and those at the backend."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from settings.errors import path
from settings.mistakes import Place
from settings.yaml_error import load
from tools.pulumi_command import ToolError, pulumi_output

ROOT = Path(__file__).parent.parent
STACK_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
"""A valid stack name. It is lowercase because Exoscale requires that of nodepool names."""

REVIEW_STACK = re.compile(r"pr-[1-9][0-9]*")
"""The name of a pull request's review stack. Its file is not committed."""


def check_stack_name(variable: str, name: str) -> None:
    """Checks the name of a stack, which the user gave as `variable`.

    Raises:
        ToolError: the name is invalid.
    """
    if not STACK_NAME.fullmatch(name):
        allowed = "must be lowercase letters and digits, with hyphens only between them"
        raise ToolError(f"{variable}: {json.dumps(name)}: {allowed}")


def project_name(folder: Path) -> str:
    """Returns the project's name, which is the namespace of its keys in a stack's file."""
    return str(yaml.safe_load((folder / "Pulumi.yaml").read_text())["name"])


def stack_file(name: str, folder: Path) -> Path:
    """Returns the path of a stack's file, which may not exist."""
    return folder / f"Pulumi.{name}.yaml"


def read_document(file: Path) -> dict[str, Any]:
    """Returns the contents of a stack's file.

    Raises:
        ToolError: the file can't be read or is invalid YAML, with the line.
    """
    try:
        found = load(file.read_text()) or {}
    except OSError as error:
        raise ToolError(f"{file.name}: {error.strerror}") from None
    except ValueError as error:  # invalid YAML or invalid UTF-8
        raise ToolError(f"{file.name}: {error}") from None
    if not isinstance(found, dict):
        raise ToolError(f"{file.name}: must be a mapping with the key config")
    return found


def check_stack_file(stack: str, folder: Path) -> None:
    """Checks that a stack's file, if it exists, is valid YAML: Pulumi reports a wrong line.

    Raises:
        ToolError: the file is invalid, with the line.
    """
    file = stack_file(stack, folder)
    if file.is_file():
        read_document(file)


def stacks_with_file(folder: Path) -> list[str]:
    """Returns the names of the stacks that have a file."""
    return sorted(each.name.split(".")[1] for each in folder.glob("Pulumi.*.yaml"))


def source_file(name: str, folder: Path) -> Path:
    """Returns the file of the stack that a new stack is created from.

    Raises:
        ToolError: the stack has no file. The message lists the stacks that have one.
    """
    file = stack_file(name, folder)
    if not STACK_NAME.fullmatch(name) or not file.is_file():
        names = ", ".join(stacks_with_file(folder))
        raise ToolError(f"FROM: {json.dumps(name)}: must be one of the stacks {names}")
    return file


def backend_url(folder: Path) -> str:
    """Returns the URL of the backend that Pulumi is logged in to."""
    return str(json.loads(pulumi_output("whoami", "--json", folder=folder))["url"])


def backend_stacks(folder: Path) -> set[str]:
    """Returns the names of the project's stacks at the backend, without the organization."""
    found = json.loads(pulumi_output("stack", "ls", "--json", folder=folder))
    return {each["name"].rpartition("/")[2] for each in found}


def encrypted_places(config: Mapping[str, Any]) -> Iterator[tuple[str, Place]]:
    """Yields the location of each encrypted value: the top-level key and the path below it."""
    for key, value in config.items():
        yield from ((key, place) for place in _places(value))


def config_key(key: str, place: Place, name: str) -> str:
    """Returns a location in the format of `pulumi config set --path`, for the project `name`."""
    below = path(place)
    return f"{key.removeprefix(f'{name}:')}{below if below[:1] in ('', '[') else f'.{below}'}"


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    if isinstance(value, dict) and list(value) == ["secure"]:
        yield place
    elif isinstance(value, dict | list):
        for part, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(each, (*place, part))


def set_secret(stack: str, key: str, value: str, folder: Path) -> None:
    """Sets an encrypted value in the stack's file. Pulumi reads the value from standard input."""
    command = ("config", "set", "--stack", stack, "--secret", "--raw", "--path", key)
    pulumi_output(*command, folder=folder, stdin=value)
