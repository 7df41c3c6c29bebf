"""Which values of the stack's file are encrypted.

Pulumi hands the program all values decrypted, and tells only in which of the project's keys
something was encrypted. What exactly, the file shows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from components.args.problem import Place


class Encrypted(NamedTuple):
    """The encrypted places by key, for keys that have one; None where they can't be told.

    They can't where the values are not in the file: they came from a Pulumi environment, from a
    program of Pulumi's Automation API, or from another file (`--config-file`).
    """

    places: Mapping[str, tuple[Place, ...] | None]

    def may_be(self, place: Place) -> bool:
        """Whether a value is encrypted, as far as can be told."""
        found = self.places.get(str(place[0]), ())
        return found is None or any(place[:length] in found for length in range(1, len(place) + 1))


def encrypted(
    in_file: Mapping[str, Any], values: Mapping[str, Any], keys: Collection[str]
) -> Encrypted:
    """Find what the file has encrypted, in those `keys` that have something.

    Args:
        in_file: what the file has, by key, scalars as text.
        values: what the engine handed over, by key.
    """
    return Encrypted({key: _in_key(key, in_file.get(key), values[key]) for key in keys})


def _in_key(key: str, in_file: Any, value: Any) -> tuple[Place, ...] | None:
    try:
        return tuple((key, *place) for place in _places(in_file, value)) or None
    except _DifferentError:
        return None


class _DifferentError(Exception):
    """The values are not those of the file."""


def _places(in_file: Any, value: Any) -> Iterator[Place]:
    if isinstance(in_file, dict) and list(in_file) == ["secure"]:
        yield ()
    elif isinstance(in_file, dict) and isinstance(value, dict) and in_file.keys() == value.keys():
        for key in in_file:
            yield from ((key, *place) for place in _places(in_file[key], value[key]))
    elif isinstance(in_file, list) and isinstance(value, list) and len(in_file) == len(value):
        for index, item in enumerate(in_file):
            yield from ((index, *place) for place in _places(item, value[index]))
    elif (
        isinstance(in_file, dict | list)
        or isinstance(value, dict | list)
        or (isinstance(value, str) and in_file != value)
    ):
        raise _DifferentError
