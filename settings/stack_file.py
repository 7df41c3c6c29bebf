"""What the stack's file itself says, as text.

Pulumi hands over what YAML makes of it, for which `1.10` is 1.1, `0022` is 18, `1e3` is 1000 and
`2026-01-01` a time in Go's words. Where text is meant, what is written counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import yaml

from settings.errors import model_in
from settings.stack import Settings
from settings.types import GO_TIME, TEXTS, by_key

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


def as_written(values: Mapping[str, Any], in_file: Mapping[str, Any]) -> dict[str, Any]:
    """The values that Pulumi handed over, with what is written where they are texts.

    A key stays as it is if its value is not the file's: it came from a Pulumi environment, from a
    program of Pulumi's Automation API, or from another file (`--config-file`).
    """
    fields = by_key(Settings)
    return {
        key: _written(value, in_file[key], fields[key].annotation)
        if key in fields and key in in_file and _same(value, in_file[key])
        else value
        for key, value in values.items()
    }


def _written(value: Any, text: Any, kind: Any, metadata: Sequence[Any] = ()) -> Any:
    """What is written of a value, which is of a kind as an annotation has it."""
    kind, metadata = _inner(kind, metadata)
    if isinstance(text, str):
        is_text = type(value) in (int, float) and any(each in TEXTS for each in metadata)
        return text if is_text or _is_time(value) else value
    parts = get_args(kind) or (None,)
    if isinstance(value, list) and isinstance(text, list):
        return [_written(*pair, parts[0]) for pair in zip(value, text, strict=True)]
    if not isinstance(value, dict) or value.keys() != text.keys():
        return value
    model = model_in(kind) if isinstance(kind, type) else None
    fields = by_key(model) if model else {}
    return {
        key: _written(value[key], text[key], fields[key].annotation, fields[key].metadata)
        if key in fields
        else _written(value[key], text[key], parts[-1])
        for key in value
    }


def _inner(kind: Any, metadata: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
    """Without `Annotated` and `| None`."""
    arguments = get_args(kind)
    if get_origin(kind) is Annotated:
        return _inner(arguments[0], (*metadata, *arguments[1:]))
    if NoneType in arguments:
        return _inner(next(each for each in arguments if each is not NoneType), metadata)
    return kind, metadata


def _same(value: Any, text: Any) -> bool:
    """Whether YAML makes the value of what is written, or it is encrypted."""
    if isinstance(text, dict):
        if list(text) == ["secure"]:
            return True
        return (
            isinstance(value, dict)
            and value.keys() == text.keys()
            and all(_same(value[key], text[key]) for key in text)
        )
    if isinstance(text, list):
        return isinstance(value, list) and len(value) == len(text) and all(map(_same, value, text))
    if value is None or isinstance(value, bool):
        written = {None: ("", "~", "null"), True: ("true",), False: ("false",)}
        return text.lower() in written[value]
    if isinstance(value, int | float):
        return _number(text) == value
    return bool(value == text or _is_time(value))


def _number(text: str) -> float | None:
    """The number that Pulumi's YAML reads (go-yaml/yaml, `resolve.go`)."""
    plain = text.replace("_", "")
    with suppress(ValueError):
        return int(plain, 8 if re.fullmatch(r"[-+]?0[0-7]+", plain) else 0)
    with suppress(ValueError):
        return float(plain)
    return None


def _is_time(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(GO_TIME, value))
