"""Loads the stack's configuration. No other module reads it.

The program checks all settings before it declares the first resource, and reports all problems at
once. `docs/configuration.md` describes the keys.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pydantic import ValidationError

from components.args.errors import problem_lines
from components.args.problem import line
from stack.args import StackArgs
from stack.checks.across import stack_problems
from stack.checks.display_names import invalid_names
from stack.checks.file import (
    cluster_problems,
    misplaced_secrets,
    repeated_names,
    unencrypted_secrets,
)
from stack.checks.routes import route_conflicts
from stack.checks.whole_stack import warnings
from stack.encrypted import encrypted_values
from stack.stack_file import are_from_file, configuration, in_file_order
from stack.unquoted import unquoted_values

IGNORED_IF_EMPTY = ("cluster", "existingCluster", "ingress", "dns")
"""Optional keys, ignored if they are `{}`: `Pulumi.yaml` can't have a smaller default."""

ONLY_BY_TYPE = "only settings that docs/configuration.md calls secret are kept secret"


def load() -> StackArgs:
    """Reads and checks the stack's configuration.

    Raises:
        pulumi.RunError: a setting is wrong. The message has a line for each problem, with the key,
            its value and what is allowed.
    """
    project, stack = pulumi.get_project(), pulumi.get_stack()
    file = f"Pulumi.{stack}.yaml"
    in_file, given = _in_file(Path(file), project), _configuration(project)
    values = {
        key: in_file_order(value, in_file.get(key))
        for key, value in given.items()
        if value != {} or key not in IGNORED_IF_EMPTY
    }
    secret = [key for key in values if pulumi.runtime.config.is_config_secret(f"{project}:{key}")]
    hidden = encrypted_values(in_file, values, secret)
    settings, problems = None, []
    try:
        settings = StackArgs.model_validate(values, by_alias=True, by_name=False)
    except ValidationError as error:
        problems = problem_lines(error, StackArgs, secret)
    else:
        problems = [line(*problem, secret) for problem in stack_problems(settings)]
    problems += unquoted_values(values, in_file, secret)
    problems += (
        cluster_problems(values)
        + unencrypted_secrets(values, hidden)
        + misplaced_secrets(values, hidden)
    )
    problems += repeated_names(values, secret) + route_conflicts(values.get("apps"))
    problems += invalid_names(project, stack, values)
    if settings and settings.production:
        problems += warnings(settings)
    if settings is None or problems:
        where = f"in {file}" if are_from_file(given, in_file) else f"of the stack {stack}"
        raise pulumi.RunError(
            f"wrong settings {where}, nothing was changed:\n"
            + "\n".join(f"  {problem}" for problem in problems)
        )
    for key, places in hidden.places.items():
        if places is None:
            pulumi.warn(f"{key}: {file} does not show its encrypted values: {ONLY_BY_TYPE}")
    return settings


def _in_file(file: Path, project: str) -> dict[str, Any]:
    """Returns the values of the stack's file, or an empty mapping if it can't be read.

    The settings may have another source, such as another file (`--config-file`). The content of
    this file then does not matter. If the settings are from this file, Pulumi was able to read it.
    """
    try:
        return configuration(file, project)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}


def _configuration(project: str) -> dict[str, Any]:
    """Returns the values of the project's own keys, with the JSON of objects parsed."""
    everything = pulumi.runtime.config.CONFIG.get() or pulumi.runtime.config.get_config_env()
    prefix = f"{project}:"
    return {
        key.removeprefix(prefix): _parse(value)
        for key, value in everything.items()
        if key.startswith(prefix)
    }


def _parse(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
