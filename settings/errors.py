"""What a user reads when settings are wrong: the key, its value, and what is allowed."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Sequence
from typing import Any, get_args, get_origin

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from settings.types import SettingsModel, by_key

HIDDEN = "[secret]"

_ALLOWED = {
    "missing": "is missing: it is required",
    "int_type": "must be a whole number",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping of names to values",
    "model_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} items",
    "literal_error": "must be one of {expected}",
    "value_error": "{error}",
    "not_set": "is not set: {command}",
}


def explain(
    error: ValidationError, model: type[SettingsModel], secret: Collection[str] = ()
) -> list[str]:
    """One line for each mistake that validation found, in the order of the settings.

    No value below the keys in `secret` is told.
    """
    return [_explained(detail, model, secret) for detail in error.errors()]


def _explained(detail: ErrorDetails, model: type[SettingsModel], secret: Collection[str]) -> str:
    location = [part for part in detail["loc"] if part != "[key]"]
    key = path(location)
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key; {_suggestion(location, model)}"
    context = {**detail.get("ctx", {}), "command": set_secret_command(location)}
    allowed = _ALLOWED.get(detail["type"], detail["msg"]).format(**context)
    if detail["type"] == "string_type" and isinstance(detail["input"], int | float):
        allowed += ": put it in quotes"
    if detail["type"] in ("missing", "not_set"):
        return f"{key}: {allowed}"
    return line(location, detail["input"], allowed, secret)


def line(
    location: Sequence[str | int], value: Any, allowed: str, secret: Collection[str] = ()
) -> str:
    """A mistake at a place, whose value is not told if it is below one of the keys in `secret`."""
    hidden = isinstance(value, SecretStr) or any(key in secret for key in location[:1])
    told = HIDDEN if hidden else json.dumps(value, default=_plain)
    return f"{path(location)}: {told}: {allowed}"


def _plain(value: Any) -> Any:
    """Settings as the file has them, but for secrets."""
    if isinstance(value, SettingsModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return str(value)


def path(location: Sequence[str | int]) -> str:
    """A place in the settings, as `pulumi config set --path` takes it."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[\w-]+", part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def set_secret_command(location: Sequence[str | int]) -> str:
    """The command that encrypts a value in the stack's file.

    A file's contents come from standard input, of which Pulumi drops the last newline without
    `--raw`: OpenSSH can't read a private key without it.
    """
    is_file = tuple(location[2:4]) == ("secrets", "files")
    raw, source = (" --raw", " < FILE") if is_file else ("", "")
    return f"pulumi config set --secret{raw} --path '{path(location)}'{source}"


def _suggestion(location: Sequence[str | int], model: type[SettingsModel]) -> str:
    """The keys that the location's parent knows, or the one that was probably meant."""
    is_name = False
    for part in location[:-1]:
        if isinstance(part, str) and not is_name:
            annotation = by_key(model)[part].annotation
            model = model_in(annotation) or model
            is_name = is_mapping(annotation)
        else:
            is_name = False
    known = list(by_key(model))
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f'did you mean "{close[0]}"?' if close else f"allowed are {', '.join(known)}"


def is_mapping(annotation: Any) -> bool:
    """Whether an annotation is that of a mapping, whose keys are the user's names."""
    return get_origin(annotation) is dict


def model_in(annotation: Any) -> type[SettingsModel] | None:
    """The settings class in an annotation such as `tuple[NodepoolSettings, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, SettingsModel):
        return annotation
    return next(filter(None, map(model_in, get_args(annotation))), None)
