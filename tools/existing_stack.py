"""A stack that is there: its settings, its outputs, and whether it can be worked with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from settings.stack_file import configuration
from tools.pulumi_command import Refused, pulumi
from tools.stacks import NAME, backend_url, document, project, stack_file, stacks
from tools.unquoted import check_quotes

CREDENTIALS = ("EXOSCALE_API_KEY", "EXOSCALE_API_SECRET")


def settings_of(stack: str, folder: Path) -> dict[str, Any]:
    """The stack's settings; every value is a text.

    They are those of its file. Where that names Pulumi environments, Pulumi tells them, for those
    have settings too.
    """
    file, name = stack_file(stack, folder), project(folder)
    if not file.is_file() or "environment" not in document(file):
        return configuration(file, name)
    values = decrypted_config(stack, folder).items()
    return {key.removeprefix(f"{name}:"): _as_text(each) for key, each in values}


def decrypted_config(stack: str, folder: Path) -> dict[str, Any]:
    """The stack's configuration with its secrets in clear."""
    command = ("config", "--json", "--show-secrets", "--stack", stack)
    found: dict[str, Any] = json.loads(pulumi(*command, folder=folder))
    values = {key: each.get("objectValue", each.get("value")) for key, each in found.items()}
    return {key: each for key, each in values.items() if each is not None}


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_text(each) for each in value]
    return value if isinstance(value, str) else json.dumps(value)


def outputs_of(stack: str, folder: Path, *flags: str) -> dict[str, Any]:
    """The stack's outputs: none if it is not deployed yet.

    Args:
        flags: `--show-secrets`, without which Pulumi masks what is secret.
    """
    answer = pulumi("stack", "output", "--json", "--stack", stack, *flags, folder=folder)
    return dict(json.loads(answer))


def state_of(stack: str, folder: Path) -> dict[str, Any]:
    """The stack's state; what is secret in it is encrypted."""
    state = json.loads(pulumi("stack", "export", "--stack", stack, folder=folder))
    return state.get("deployment") or {}


def check(stack: str, folder: Path) -> None:
    """See that the stack can be worked with.

    Raises:
        Refused: naming what is missing, and what to do.
    """
    if not NAME.fullmatch(stack):
        allowed = "must be lower-case letters, digits and dashes between them"
        raise Refused(f"STACK: {json.dumps(stack)}: {allowed}")
    file = stack_file(stack, folder)
    if not file.is_file():
        raise Refused(f"{stack}: {file.name} is not there: make new-stack NAME={stack} FROM=dev")
    check_quotes([stack], folder)
    if "cluster" in settings_of(stack, folder):
        for variable in CREDENTIALS:
            # a pipeline gives an empty text for a secret that its environment does not have
            if os.environ.get(variable) == "":
                raise Refused(f"{stack}: {variable} is empty: is the secret there, in this place?")
    if stack not in stacks(folder):
        raise Refused(f"{stack}: is not at {backend_url(folder)} yet: pulumi stack init {stack}")
