"""Text without quotes that YAML reads as something else.

Pulumi hands over what YAML makes of it, for which `1.10` is 1.1, `0022` is 18, `1e3` is 1000 and
`2026-01-01` a time in Go's words. It also writes that into the file, whenever it sets a value or
the salt: to hand on what is written would do until then. So `make unquoted` looks at the file that
is committed too.
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
from stack.stack_file import is_made_of, is_time, texts, values as read

REWRITTEN = (
    "Pulumi has written what YAML reads into the file, in place of what was committed: "
    "write that again, in quotes"
)


def unquoted(
    values: Mapping[str, Any], in_file: Mapping[str, Any], secret: Collection[str] = ()
) -> list[str]:
    """One line for each number and date that was meant to be text.

    A whole number that is written as such (`4`) is text as it is. Whether another one was, such as
    `0022`, is seen where the values are the file's.
    """
    return [line(*mistake, secret) for mistake in _all(values, in_file)]


def unquoted_in(file: str, committed: str, project: str) -> list[str]:
    """One line for each such number and date in a stack's file.

    Its values are not told: some may be secrets that are still in clear.

    Args:
        file: its contents.
        committed: its contents in the last commit; a number that it has there and that Pulumi has
            rewritten since then is found by it.
    """
    now, before = (_in_text(each, project) for each in (file, committed))
    found = {place: allowed for place, _, allowed in now}
    values, written, was = read(file, project), texts(file, project), texts(committed, project)
    for place, *_ in before:
        value, text = _at(values, place), _at(was, place)
        is_number = isinstance(value, int | float)
        if is_number and is_made_of(value, text) and _at(written, place) != text:
            found[place] = REWRITTEN
    return [f"{path(place)}: {allowed}" for place, allowed in found.items()]


def _in_text(file: str, project: str) -> Iterator[Problem]:
    """Also the numbers that the settings refuse by themselves."""
    return _all(read(file, project), texts(file, project), every=True)


def _at(values: Any, place: Place) -> Any:
    """The value at a place; None if there is no such place."""
    try:
        return reduce(getitem, place, values)
    except (KeyError, IndexError, TypeError):
        return None


def _all(
    values: Mapping[str, Any], in_file: Mapping[str, Any], *, every: bool = False
) -> Iterator[Problem]:
    yield from _times(values, ())
    for key, field in by_key(StackArgs).items():
        if key in values and key in in_file and is_made_of(values[key], in_file[key]):
            for mistake in _numbers(values[key], in_file[key], (key,), field.annotation):
                if every or not _is_refused(mistake.value):
                    yield mistake


def _is_refused(value: Any) -> bool:
    """Whether the settings refuse a number by themselves in the place of a text."""
    return isinstance(value, float) or not keeps_its_digits(value)


def _times(value: Any, place: Place) -> Iterator[Problem]:
    if is_time(value):
        yield Problem(place, value, "must be in quotes: YAML reads a time")
    for key, item in _items(value):
        yield from _times(item, (*place, key))


def _numbers(
    value: Any, text: Any, place: Place, kind: Any, metadata: Sequence[Any] = ()
) -> Iterator[Problem]:
    """Those in a value, which is of a kind as an annotation has it, and is written as `text`."""
    kind, metadata = _inner(kind, metadata)
    is_number = type(value) in (int, float)
    if is_number and (text != str(value) or _is_refused(value)) and _is_text(metadata):
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
    """Without `Annotated` and `| None`."""
    arguments = get_args(kind)
    if get_origin(kind) is Annotated:
        return _inner(arguments[0], (*metadata, *arguments[1:]))
    if NoneType in arguments:
        return _inner(next(each for each in arguments if each is not NoneType), metadata)
    return kind, metadata
