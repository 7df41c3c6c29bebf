"""YAML that users write, and what is wrong with a text that is none."""

from __future__ import annotations

from typing import Any

import yaml


class NotYaml(ValueError):
    """One line on a text that is no YAML."""


def load(text: str) -> Any:
    """What a text says.

    Raises:
        NotYaml: it is no YAML. Nothing of the text is told.
    """
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise NotYaml(told(error)) from None


def told(error: yaml.YAMLError | ValueError) -> str:
    """What is wrong, and where, in one line that shows nothing of the text: it may be secret.

    PyYAML raises ValueError for a date or a number that does not exist.
    """
    if not isinstance(error, yaml.MarkedYAMLError):
        return getattr(error, "reason", str(error))
    mark, begun = error.problem_mark, error.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    since = f", {error.context} since line {begun.line + 1}" if error.context and begun else ""
    return f"{where}{error.problem}{since}"
