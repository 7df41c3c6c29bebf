"""What several tools ask of the project's stacks."""

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
"""In lower case, as Exoscale wants it in a nodepool's name."""

REVIEW_STACK = re.compile(r"pr-[1-9][0-9]*")
"""The name of a pull request's stack, whose file is in no commit."""


def project_name(folder: Path) -> str:
    """The project's name, which stands before its keys in a stack's file."""
    return str(yaml.safe_load((folder / "Pulumi.yaml").read_text())["name"])


def stack_file(name: str, folder: Path) -> Path:
    """Where a stack's settings are, whether or not they are there."""
    return folder / f"Pulumi.{name}.yaml"


def read_document(file: Path) -> dict[str, Any]:
    """What a stack's file says.

    Raises:
        ToolError: it can't be read, or is no YAML; the place is named.
    """
    try:
        found = load(file.read_text()) or {}
    except OSError as error:
        raise ToolError(f"{file.name}: {error.strerror}") from None
    except ValueError as error:  # no YAML, or no UTF-8
        raise ToolError(f"{file.name}: {error}") from None
    if not isinstance(found, dict):
        raise ToolError(f"{file.name}: must be a mapping, with config: at its top")
    return found


def check_stack_file(stack: str, folder: Path) -> None:
    """See that a stack's file, if it is there, is YAML: Pulumi names another line.

    Raises:
        ToolError: naming the place.
    """
    file = stack_file(stack, folder)
    if file.is_file():
        read_document(file)


def stacks_with_file(folder: Path) -> list[str]:
    """The stacks that have settings here."""
    return sorted(each.name.split(".")[1] for each in folder.glob("Pulumi.*.yaml"))


def source_file(name: str, folder: Path) -> Path:
    """The file of the stack that another is to be made from.

    Raises:
        ToolError: there is none; those that there are are named.
    """
    file = stack_file(name, folder)
    if not STACK_NAME.fullmatch(name) or not file.is_file():
        there = ", ".join(stacks_with_file(folder))
        raise ToolError(f"FROM: {json.dumps(name)}: must be one of the stacks {there}")
    return file


def backend_url(folder: Path) -> str:
    """Where the state is kept that Pulumi is logged in to."""
    return str(json.loads(pulumi_output("whoami", "--json", folder=folder))["url"])


def backend_stacks(folder: Path) -> set[str]:
    """The project's stacks at the backend, without the organization that they may be in."""
    found = json.loads(pulumi_output("stack", "ls", "--json", folder=folder))
    return {each["name"].rpartition("/")[2] for each in found}


def encrypted_places(config: Mapping[str, Any]) -> Iterator[tuple[str, Place]]:
    """The places of encrypted values: the key at the top, and the rest."""
    for key, value in config.items():
        yield from ((key, place) for place in _places(value))


def config_key(key: str, place: Place, name: str) -> str:
    """A place as `pulumi config set --path` takes it, in the project of this name."""
    below = path(place)
    return f"{key.removeprefix(f'{name}:')}{below if below[:1] in ('', '[') else f'.{below}'}"


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    if isinstance(value, dict) and list(value) == ["secure"]:
        yield place
    elif isinstance(value, dict | list):
        for part, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(each, (*place, part))


def set_secret(stack: str, key: str, value: str, folder: Path) -> None:
    """Encrypt a value in the stack's file; it goes there by standard input."""
    command = ("config", "set", "--stack", stack, "--secret", "--raw", "--path", key)
    pulumi_output(*command, folder=folder, given=value)
