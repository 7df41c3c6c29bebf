"""A stack that is there: its settings, its outputs, and whether it can be worked with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from settings.stack_file import configuration
from tools.pulumi_command import ToolError, pulumi_output
from tools.stacks import (
    STACK_NAME,
    backend_stacks,
    backend_url,
    project_name,
    read_document,
    stack_file,
)
from tools.unquoted import check_quotes

CREDENTIAL_VARIABLES = ("EXOSCALE_API_KEY", "EXOSCALE_API_SECRET")


def stack_settings(stack: str, folder: Path) -> dict[str, Any]:
    """The stack's settings; every value is a text.

    They are those of its file. Where that names Pulumi environments, Pulumi tells them, for those
    have settings too.
    """
    file, name = stack_file(stack, folder), project_name(folder)
    if not file.is_file() or "environment" not in read_document(file):
        return configuration(file, name)
    values = decrypted_config(stack, folder).items()
    return {key.removeprefix(f"{name}:"): _as_text(each) for key, each in values}


def decrypted_config(stack: str, folder: Path) -> dict[str, Any]:
    """The stack's configuration with its secrets in clear."""
    command = ("config", "--json", "--show-secrets", "--stack", stack)
    found: dict[str, Any] = json.loads(pulumi_output(*command, folder=folder))
    values = {key: each.get("objectValue", each.get("value")) for key, each in found.items()}
    return {key: each for key, each in values.items() if each is not None}


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_text(each) for each in value]
    return value if isinstance(value, str) else json.dumps(value)


def stack_outputs(stack: str, folder: Path, *flags: str) -> dict[str, Any]:
    """The stack's outputs: none if it is not deployed yet.

    Args:
        flags: `--show-secrets`, without which Pulumi masks what is secret.
    """
    answer = pulumi_output("stack", "output", "--json", "--stack", stack, *flags, folder=folder)
    return dict(json.loads(answer))


def stack_state(stack: str, folder: Path) -> dict[str, Any]:
    """The stack's state; what is secret in it is encrypted."""
    state = json.loads(pulumi_output("stack", "export", "--stack", stack, folder=folder))
    return state.get("deployment") or {}


def check_stack(stack: str, folder: Path) -> None:
    """See that the stack can be worked with.

    Raises:
        ToolError: naming what is missing, and what to do.
    """
    if not STACK_NAME.fullmatch(stack):
        allowed = "must be lower-case letters, digits and dashes between them"
        raise ToolError(f"STACK: {json.dumps(stack)}: {allowed}")
    file = stack_file(stack, folder)
    if not file.is_file():
        raise ToolError(f"{stack}: {file.name} is not there: make new-stack NAME={stack} FROM=dev")
    check_quotes([stack], folder)
    if "cluster" in stack_settings(stack, folder):
        for variable in CREDENTIAL_VARIABLES:
            # a pipeline gives an empty text for a secret that its environment does not have
            if os.environ.get(variable) == "":
                raise ToolError(
                    f"{stack}: {variable} is empty: is the secret there, in this place?"
                )
    if stack not in backend_stacks(folder):
        raise ToolError(f"{stack}: is not at {backend_url(folder)} yet: pulumi stack init {stack}")
