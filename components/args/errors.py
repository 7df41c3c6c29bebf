"""Messages for invalid settings, with the key, its value and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .problem import Problems, line, path
from .types import Args, by_key

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


def problem_lines(
    error: ValidationError, model: type[Args], secret: Collection[str] = ()
) -> list[str]:
    """Returns a line for each problem that validation found, in the order of the settings.

    Args:
        error: the error of the validation.
        model: the model that was validated.
        secret: top-level keys whose values are hidden.
    """
    return [problem for detail in error.errors() for problem in _explained(detail, model, secret)]


def _explained(detail: ErrorDetails, model: type[Args], secret: Collection[str]) -> Iterator[str]:
    place = [part for part in detail["loc"] if part != "[key]"]
    problems = detail.get("ctx", {}).get("error")
    if isinstance(problems, Problems):
        for below, value, message in problems.problems:
            yield line([*place, *below], value, message, secret)
    else:
        yield _field_problem(place, detail, model, secret)


def _field_problem(
    location: Sequence[str | int],
    detail: ErrorDetails,
    model: type[Args],
    secret: Collection[str],
) -> str:
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


def set_secret_command(location: Sequence[str | int]) -> str:
    """Returns the command that encrypts a value in the stack's file.

    The command reads the content of a file from standard input. Without `--raw`, Pulumi removes the
    last newline, and OpenSSH can't read a private key without it.
    """
    is_file = tuple(location[2:4]) == ("secrets", "files")
    raw, source = (" --raw", " < FILE") if is_file else ("", "")
    return f"pulumi config set --secret{raw} --path '{path(location)}'{source}"


def _suggestion(location: Sequence[str | int], model: type[Args]) -> str:
    """Returns the key that was probably meant, or all keys that are allowed at the location."""
    is_name = False
    for part in location[:-1]:
        if isinstance(part, str) and not is_name:
            annotation = by_key(model)[part].annotation
            model = model_in(annotation) or model
            is_name = is_mapping(annotation)
        else:
            is_name = False
    key, known = str(location[-1]), list(by_key(model))
    if key in model.renamed_keys:
        return f'it is now "{model.renamed_keys[key]}"'
    if key in model.refused_keys:
        return model.refused_keys[key]
    close = difflib.get_close_matches(key, known, n=1)
    return f'did you mean "{close[0]}"?' if close else f"allowed are {', '.join(known)}"


def is_mapping(annotation: Any) -> bool:
    """Whether an annotation is a mapping, whose keys are names that users choose."""
    return get_origin(annotation) is Mapping


def model_in(annotation: Any) -> type[Args] | None:
    """Returns the class of args in an annotation such as `tuple[NodePoolArgs, ...]`, or None."""
    if isinstance(annotation, type) and issubclass(annotation, Args):
        return annotation
    return next(filter(None, map(model_in, get_args(annotation))), None)
