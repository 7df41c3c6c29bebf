"""Reads the stack's file, and compares its text with the values that Pulumi passes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

GO_TIME = r"\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [-+]\d{4} \S+"
"""The format in which Pulumi passes a date (golang/go, `Time.String`)."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Text(_Loader):
    """Reads every scalar as text."""


for _kind in ("binary", "bool", "float", "int", "null", "timestamp", "value"):
    _Text.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.construct_yaml_str)


class _Values(_Loader):
    """Reads every scalar as Pulumi does, which differs from PyYAML."""

    def value(self, node: yaml.ScalarNode) -> Any:
        """Returns the value of a scalar. It is text if it is in quotes or has a tag for text."""
        text = self.construct_scalar(node)
        here = self.resolve(yaml.ScalarNode, text, (True, False))
        tagged = node.tag == yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG != here
        return text if node.style or tagged else _read(text)


for _kind in ("binary", "bool", "float", "int", "null", "str", "timestamp", "value"):
    _Values.add_constructor(f"tag:yaml.org,2002:{_kind}", _Values.value)

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
"""Words that YAML does not parse as text (go-yaml/yaml v3, `resolve.go`)."""

_DATE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}([Tt ]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?(Z|[-+]\d\d:\d\d)?)?", re.ASCII
)
_NUMBER = re.compile(r"[-+]?\.?\d.*", re.ASCII)


def _read(text: str) -> Any:
    """Returns the value that Pulumi reads for text without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if _DATE.fullmatch(text):
        return f"{text[:10]} 00:00:00 +0000 UTC"
    found = _number(text) if _NUMBER.fullmatch(text) else None
    return text if found is None else found


def configuration(file: Path, project: str) -> dict[str, Any]:
    """Returns the project's keys in a file, every value as text. Empty without a file."""
    return texts(file.read_text(), project) if file.is_file() else {}


def texts(file: str, project: str) -> dict[str, Any]:
    """Returns the project's keys in the content of a file, every value as text."""
    return _configuration(file, project, _Text)


def values(file: str, project: str) -> dict[str, Any]:
    """Returns the project's keys in the content of a file, with the values that Pulumi passes."""
    return _configuration(file, project, _Values)


def _configuration(file: str, project: str, loader: Any) -> dict[str, Any]:
    document = yaml.load(file, loader)
    config = document.get("config") if isinstance(document, dict) else None
    found = config if isinstance(config, dict) else {}
    return {key.removeprefix(f"{project}:"): value for key, value in found.items()}


def are_from_file(settings: Mapping[str, Any], in_file: Mapping[str, Any]) -> bool:
    """Whether all settings are from a file or are empty defaults.

    Settings may also come from another file (`--config-file`), from a Pulumi ESC environment or
    from a program that uses Pulumi's Automation API.
    """
    return all(
        is_parsed_from(value, in_file[key]) if key in in_file else not value
        for key, value in settings.items()
    )


def in_file_order(value: Any, text: Any) -> Any:
    """Returns the value with the variables of each `environment` in the order of the file.

    Pulumi sorts the keys of an object. The order matters: Kubernetes expands `$(NAME)` only to a
    variable that is defined earlier (kubernetes/kubernetes, pkg/kubelet/kubelet_pods.go,
    `makeEnvironmentVariables`). Variables that differ from those of the file stay sorted.

    Args:
        text: the file's text at the same path.
    """
    if isinstance(value, list) and isinstance(text, list) and len(value) == len(text):
        return [in_file_order(*pair) for pair in zip(value, text, strict=True)]
    if not isinstance(value, dict) or not isinstance(text, dict):
        return value
    found = {key: in_file_order(item, text.get(key)) for key, item in value.items()}
    variables, written = found.get("environment"), text.get("environment")
    if (
        isinstance(variables, dict)
        and isinstance(written, dict)
        and variables.keys() == written.keys()
    ):
        found["environment"] = {name: variables[name] for name in written}
    return found


def is_parsed_from(value: Any, text: Any) -> bool:
    """Whether YAML parses the text as the value, or the text is encrypted."""
    if isinstance(text, dict):
        if list(text) == ["secure"]:
            return True
        return (
            isinstance(value, dict)
            and value.keys() == text.keys()
            and all(is_parsed_from(value[key], text[key]) for key in text)
        )
    if isinstance(text, list):
        return (
            isinstance(value, list)
            and len(value) == len(text)
            and all(map(is_parsed_from, value, text))
        )
    if value is None or isinstance(value, bool):
        written = {None: ("", "~", "null"), True: ("true",), False: ("false",)}
        return text.lower() in written[value]
    if isinstance(value, int | float):
        number = _number(text)
        return number is not None and float(number) == float(value)
    return bool(value == text or is_converted_date(value))


def _number(text: str) -> float | None:
    """Returns the number that Pulumi's YAML parser reads (go-yaml/yaml, `resolve.go`)."""
    plain = text.replace("_", "")
    with suppress(ValueError):
        return int(plain, 8 if re.fullmatch(r"[-+]?0[0-7]+", plain) else 0)
    with suppress(ValueError):
        return float(plain)
    return None


def is_converted_date(value: object) -> bool:
    """Whether Pulumi converted the value from a date, possibly also in the file."""
    return isinstance(value, str) and bool(re.fullmatch(GO_TIME, value))
