"""A stack's settings, outputs and state, and the check before a command works with it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stack.stack_file import configuration
from tools.pulumi_command import ToolError, pulumi_output
from tools.stacks import (
    backend_stacks,
    backend_url,
    check_stack_name,
    project_name,
    read_document,
    stack_file,
)
from tools.unquoted import check_quotes

NAMESPACE = "_namespace"
"""The suffix of the output with an application's namespace."""

CREDENTIAL_VARIABLES = ("EXOSCALE_API_KEY", "EXOSCALE_API_SECRET")


def stack_settings(stack: str, folder: Path) -> dict[str, Any]:
    """Returns the stack's settings. Every value is a string.

    They are read from the stack's file. If the file imports Pulumi ESC environments, they are read
    with Pulumi instead, because environments contain settings too.
    """
    file, name = stack_file(stack, folder), project_name(folder)
    if not file.is_file() or "environment" not in read_document(file):
        return configuration(file, name)
    values = decrypted_config(stack, folder).items()
    return {key.removeprefix(f"{name}:"): _as_text(each) for key, each in values}


def decrypted_config(stack: str, folder: Path) -> dict[str, Any]:
    """Returns the stack's configuration with decrypted secrets."""
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
    """Returns the stack's outputs. A stack that was never deployed has none.

    Args:
        flags: `--show-secrets`, or nothing to have secrets masked.
    """
    answer = pulumi_output("stack", "output", "--json", "--stack", stack, *flags, folder=folder)
    return dict(json.loads(answer))


def app_namespaces(outputs: Mapping[str, Any]) -> dict[str, str]:
    """Returns the namespaces of the deployed applications, by the applications' names."""
    names = sorted(key.removesuffix(NAMESPACE) for key in outputs if key.endswith(NAMESPACE))
    return {name: outputs[f"{name}{NAMESPACE}"] for name in names}


def stack_state(stack: str, folder: Path) -> dict[str, Any]:
    """Returns the stack's state, in which secrets are encrypted."""
    state = json.loads(pulumi_output("stack", "export", "--stack", stack, folder=folder))
    return state.get("deployment") or {}


def check_stack(stack: str, folder: Path) -> None:
    """Checks that the stack has a valid file, credentials and an entry at the backend.

    Raises:
        ToolError: names what is missing and how to add it.
    """
    check_stack_name("STACK", stack)
    file = stack_file(stack, folder)
    if not file.is_file():
        raise ToolError(
            f"{stack}: {file.name} does not exist: run make new-stack NAME={stack} FROM=dev"
        )
    check_quotes([stack], folder)
    if "cluster" in stack_settings(stack, folder):
        for variable in CREDENTIAL_VARIABLES:
            # pipelines set a secret that the environment does not have to an empty string
            if os.environ.get(variable) == "":
                raise ToolError(f"{stack}: {variable} is empty: add the secret to this environment")
    if stack not in backend_stacks(folder):
        raise ToolError(
            f"{stack}: does not exist at {backend_url(folder)}: run pulumi stack init {stack}"
        )
