"""Finds text without quotes that YAML parses as a number or a time.

Pulumi passes the parsed value: YAML parses `1.10` as 1.1, `0022` as 18, `1e3` as 1000, and
`2026-01-01` as a time, which Pulumi passes in Go's format. Pulumi also writes these values into the
file whenever it sets a value or the salt, so the file alone may no longer have the original text.
Therefore `make unquoted` also reads the committed file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import reduce
from operator import getitem
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from components.args.errors import model_in
from components.args.problem import Place, Problem, line, path
from components.args.types import IN_QUOTES, WORDS, by_key, keeps_its_digits
from stack.args import StackArgs
from stack.stack_file import is_converted_date, is_parsed_from, texts, values as read

REWRITTEN = (
    "Pulumi replaced the committed text with the value that YAML reads: write the committed text "
    "again, in quotes"
)


def unquoted_values(
    values: Mapping[str, Any], in_file: Mapping[str, Any], secret: Collection[str] = ()
) -> list[str]:
    """Returns a line for each number and date that must be text.

    A whole number in its usual form (`4`) is accepted as text. Another one, such as `0022`, is
    found only if the values are from the file.
    """
    return [line(*problem, secret) for problem in _all(values, in_file)]


def unquoted_values_in_file(file: str, committed: str, project: str) -> list[str]:
    """Returns a line for each number and date that must be text in a stack's file.

    The lines have no values: some may be secrets that are not encrypted yet.

    Args:
        file: the content of the file.
        committed: its content in the last commit. It shows the numbers that Pulumi rewrote since.
    """
    now, before = (_in_text(each, project) for each in (file, committed))
    found = {place: allowed for place, _, allowed in now}
    values, written, was = read(file, project), texts(file, project), texts(committed, project)
    for place, *_ in before:
        value, text = _at(values, place), _at(was, place)
        is_number = isinstance(value, int | float)
        if is_number and is_parsed_from(value, text) and _at(written, place) != text:
            found[place] = REWRITTEN
    return [f"{path(place)}: {allowed}" for place, allowed in found.items()]


def _in_text(file: str, project: str) -> Iterator[Problem]:
    """Yields all problems of a file, including numbers that the settings reject themselves."""
    return _all(read(file, project), texts(file, project), every=True)


def _at(values: Any, place: Place) -> Any:
    """Returns the value at a path, or None if the path does not exist."""
    try:
        return reduce(getitem, place, values)
    except (KeyError, IndexError, TypeError):
        return None


def _all(
    values: Mapping[str, Any], in_file: Mapping[str, Any], *, every: bool = False
) -> Iterator[Problem]:
    yield from _times(values, ())
    for key, field in by_key(StackArgs).items():
        if key in values and key in in_file and is_parsed_from(values[key], in_file[key]):
            for problem in _numbers(values[key], in_file[key], (key,), field.annotation):
                if every or not _is_rejected(problem.value):
                    yield problem


def _is_rejected(value: Any) -> bool:
    """Whether the settings themselves reject a number instead of text."""
    return isinstance(value, float) or not keeps_its_digits(value)


def _times(value: Any, place: Place) -> Iterator[Problem]:
    if is_converted_date(value):
        yield Problem(place, value, "must be in quotes: YAML reads a time")
    for key, item in _items(value):
        yield from _times(item, (*place, key))


def _numbers(
    value: Any, text: Any, place: Place, kind: Any, metadata: Sequence[Any] = ()
) -> Iterator[Problem]:
    """Yields the numbers that must be text in a value.

    Args:
        value: the parsed value.
        text: its text in the file.
        place: its path.
        kind: its type annotation.
        metadata: the metadata of its annotation.
    """
    kind, metadata = _inner(kind, metadata)
    is_number = type(value) in (int, float)
    if is_number and (text != str(value) or _is_rejected(value)) and _is_text(metadata):
        yield Problem(place, value, IN_QUOTES)
    if isinstance(text, dict) and list(text) == ["secure"]:
        return
    fields = by_key(model) if isinstance(kind, type) and (model := model_in(kind)) else {}
    parts = get_args(kind) or (None,)
    for key, item in _items(value):
        if key in fields:
            field = fields[str(key)]
            inner, more = field.annotation, field.metadata
        else:
            inner, more = parts[0 if isinstance(key, int) else -1], []
        yield from _numbers(item, text[key], (*place, key), inner, more)


def _is_text(metadata: Sequence[Any]) -> bool:
    return any(each in WORDS for each in metadata)


def _items(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _inner(kind: Any, metadata: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
    """Returns an annotation without `Annotated` and `| None`, and its metadata."""
    arguments = get_args(kind)
    if get_origin(kind) is Annotated:
        return _inner(arguments[0], (*metadata, *arguments[1:]))
    if NoneType in arguments:
        return _inner(next(each for each in arguments if each is not NoneType), metadata)
    return kind, metadata
