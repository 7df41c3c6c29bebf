"""Finds the values that are encrypted in the stack's file.

Pulumi passes all values to the program decrypted, and reports only which of the project's top-level
keys contain an encrypted value. The file shows which values are encrypted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from components.args.problem import Place


class Encrypted(NamedTuple):
    """Paths of the encrypted values, for each top-level key that contains one.

    The paths of a key are None if its values are not in the file. They may come from a Pulumi ESC
    environment, from a program that uses Pulumi's Automation API, or from another file
    (`--config-file`).
    """

    places: Mapping[str, tuple[Place, ...] | None]

    def may_be_encrypted(self, place: Place) -> bool:
        """Whether a value is encrypted, or may be because the paths are unknown."""
        found = self.places.get(str(place[0]), ())
        return found is None or any(place[:length] in found for length in range(1, len(place) + 1))


def encrypted_values(
    in_file: Mapping[str, Any], values: Mapping[str, Any], keys: Collection[str]
) -> Encrypted:
    """Returns the paths of the values that the file encrypts.

    Args:
        in_file: the file's values by top-level key, with scalars as text.
        values: the engine's values by top-level key.
        keys: the top-level keys that contain an encrypted value.
    """
    return Encrypted({key: _in_key(key, in_file.get(key), values[key]) for key in keys})


def _in_key(key: str, in_file: Any, value: Any) -> tuple[Place, ...] | None:
    try:
        return tuple((key, *place) for place in _places(in_file, value)) or None
    except _DifferentError:
        return None


class _DifferentError(Exception):
    """The engine's values differ from those of the file."""


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
