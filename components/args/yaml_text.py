"""Parses YAML that users write, and describes its errors without its text."""

from __future__ import annotations

from typing import Any

import yaml


class NotYaml(ValueError):
    """The text is not YAML. The message has one line, without the text."""


def load(text: str) -> Any:
    """Returns the parsed text.

    Raises:
        NotYaml: the text is not YAML.
    """
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise NotYaml(description(error)) from None


def description(error: yaml.YAMLError | ValueError) -> str:
    """Returns one line with the error and its position, without the text, which may be secret.

    PyYAML raises ValueError for dates and numbers that do not exist.
    """
    if not isinstance(error, yaml.MarkedYAMLError):
        return getattr(error, "reason", str(error))
    mark, begun = error.problem_mark, error.context_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    since = f", {error.context} since line {begun.line + 1}" if error.context and begun else ""
    return f"{where}{error.problem}{since}"
