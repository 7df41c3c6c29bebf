"""Text without quotes that YAML reads as something else.

Pulumi hands over what YAML makes of it, for which `1.10` is 1.1, `0022` is 18, `1e3` is 1000 and
`2026-01-01` a time in Go's words. It also writes that into the file, whenever it sets a value or
the salt: to hand on what is written would do until then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from settings.errors import line, model_in
from settings.mistakes import Mistake, Place
from settings.stack import Settings
from settings.stack_file import is_made_of, is_time
from settings.types import IN_QUOTES, WORDS, by_key


def unquoted(
    values: Mapping[str, Any], in_file: Mapping[str, Any], secret: Collection[str] = ()
) -> list[str]:
    """One line for each number and date that was meant to be text.

    A whole number that is written as such (`4`) is text as it is. Whether another one was, such as
    `0022`, is seen where the values are the file's.
    """
    found = [*_times(values, ())]
    for key, field in by_key(Settings).items():
        if key in values and key in in_file and is_made_of(values[key], in_file[key]):
            found += _numbers(values[key], in_file[key], (key,), field.annotation)
    return [line(*mistake, secret) for mistake in found]


def _times(value: Any, place: Place) -> Iterator[Mistake]:
    if is_time(value):
        yield Mistake(place, value, "must be in quotes: YAML reads a time")
    for key, item in _items(value):
        yield from _times(item, (*place, key))


def _numbers(
    value: Any, text: Any, place: Place, kind: Any, metadata: Sequence[Any] = ()
) -> Iterator[Mistake]:
    """Those in a value, which is of a kind as an annotation has it, and is written as `text`."""
    kind, metadata = _inner(kind, metadata)
    if type(value) is int and text != str(value) and any(each in WORDS for each in metadata):
        yield Mistake(place, value, IN_QUOTES)
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
