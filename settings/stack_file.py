"""What the stack's file itself says, as text."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

GO_TIME = r"\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [-+]\d{4} \S+"
"""What Pulumi makes of a date (golang/go, `Time.String`)."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Text(_Loader):
    """Reads every scalar as text."""


for _kind in ("binary", "bool", "float", "int", "null", "timestamp", "value"):
    _Text.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.construct_yaml_str)


def configuration(file: Path, project: str) -> dict[str, Any]:
    """The project's keys as the file has them, if it is there."""
    if not file.is_file():
        return {}
    document = yaml.load(file.read_text(), _Text) or {}
    config = document.get("config") or {}
    return {key.removeprefix(f"{project}:"): value for key, value in config.items()}


def in_written_order(value: Any, text: Any) -> Any:
    """Return the values with the variables of each `environment` in the order of the file.

    Pulumi passes an object's keys sorted. The order matters: Kubernetes replaces `$(NAME)` only by
    a variable that comes earlier (kubernetes/kubernetes, pkg/kubelet/kubelet_pods.go,
    `makeEnvironmentVariables`). Variables that the file does not have stay sorted.

    Args:
        text: what the file has at the same place.
    """
    if isinstance(value, list) and isinstance(text, list) and len(value) == len(text):
        return [in_written_order(*pair) for pair in zip(value, text, strict=True)]
    if not isinstance(value, dict) or not isinstance(text, dict):
        return value
    found = {key: in_written_order(item, text.get(key)) for key, item in value.items()}
    variables, written = found.get("environment"), text.get("environment")
    if (
        isinstance(variables, dict)
        and isinstance(written, dict)
        and variables.keys() == written.keys()
    ):
        found["environment"] = {name: variables[name] for name in written}
    return found


def is_made_of(value: Any, text: Any) -> bool:
    """Whether YAML makes the value of what is written, or it is encrypted."""
    if isinstance(text, dict):
        if list(text) == ["secure"]:
            return True
        return (
            isinstance(value, dict)
            and value.keys() == text.keys()
            and all(is_made_of(value[key], text[key]) for key in text)
        )
    if isinstance(text, list):
        return (
            isinstance(value, list)
            and len(value) == len(text)
            and all(map(is_made_of, value, text))
        )
    if value is None or isinstance(value, bool):
        written = {None: ("", "~", "null"), True: ("true",), False: ("false",)}
        return text.lower() in written[value]
    if isinstance(value, int | float):
        return _number(text) == value
    return bool(value == text or is_time(value))


def _number(text: str) -> float | None:
    """The number that Pulumi's YAML reads (go-yaml/yaml, `resolve.go`)."""
    plain = text.replace("_", "")
    with suppress(ValueError):
        return int(plain, 8 if re.fullmatch(r"[-+]?0[0-7]+", plain) else 0)
    with suppress(ValueError):
        return float(plain)
    return None


def is_time(value: object) -> bool:
    """Whether Pulumi has made it of a date, also where it has written it into the file again."""
    return isinstance(value, str) and bool(re.fullmatch(GO_TIME, value))
