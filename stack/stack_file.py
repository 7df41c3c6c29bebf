"""What the stack's file itself says, as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
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


class _Values(_Loader):
    """Reads every scalar as Pulumi does, which is not what PyYAML does."""

    def value(self, node: yaml.ScalarNode) -> Any:
        """A scalar's value: text if it is in quotes, or if a tag says that it is text."""
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
"""Words that are no text (go-yaml/yaml v3, `resolve.go`)."""

_DATE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}([Tt ]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?(Z|[-+]\d\d:\d\d)?)?", re.ASCII
)
_NUMBER = re.compile(r"[-+]?\.?\d.*", re.ASCII)


def _read(text: str) -> Any:
    """What Pulumi reads in place of a text without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if _DATE.fullmatch(text):
        return f"{text[:10]} 00:00:00 +0000 UTC"
    found = _number(text) if _NUMBER.fullmatch(text) else None
    return text if found is None else found


def configuration(file: Path, project: str) -> dict[str, Any]:
    """The project's keys as the file has them, every value as text, if it is there."""
    return texts(file.read_text(), project) if file.is_file() else {}


def texts(file: str, project: str) -> dict[str, Any]:
    """The project's keys in a file's contents, every value as text."""
    return _configuration(file, project, _Text)


def values(file: str, project: str) -> dict[str, Any]:
    """The project's keys in a file's contents, as Pulumi hands them over."""
    return _configuration(file, project, _Values)


def _configuration(file: str, project: str, loader: Any) -> dict[str, Any]:
    document = yaml.load(file, loader)
    config = document.get("config") if isinstance(document, dict) else None
    found = config if isinstance(config, dict) else {}
    return {key.removeprefix(f"{project}:"): value for key, value in found.items()}


def are_the_files(settings: Mapping[str, Any], in_file: Mapping[str, Any]) -> bool:
    """Whether settings are what a file says, and nothing more than defaults.

    They may come from another file (`--config-file`), from a Pulumi environment or a program of
    Pulumi's Automation API.
    """
    return all(
        is_made_of(value, in_file[key]) if key in in_file else not value
        for key, value in settings.items()
    )


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
        number = _number(text)
        return number is not None and float(number) == float(value)
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
