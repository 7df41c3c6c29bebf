"""Types of secret settings, and their paths in args."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from .types import by_key


def in_file(*others: str) -> WithJsonSchema:
    """Returns the JSON schema of an encrypted value in the stack's file, or of other types."""
    encrypted = {
        "type": "object",
        "properties": {"secure": {"type": "string"}},
        "required": ["secure"],
        "additionalProperties": False,
    }
    return WithJsonSchema({"anyOf": [encrypted, *({"type": other} for other in others)]})


def _is_set(value: object) -> object:
    if value is None or value == "":
        raise PydanticCustomError("not_set", "is not set")
    return value


@dataclass(frozen=True)
class MayBeClear:
    """Marks a secret whose value in the stack's file may need no encryption.

    Attributes:
        is_clear: whether a value may be in clear text.
    """

    is_clear: Callable[[Any], bool]


Secret = Annotated[SecretStr, Field(strict=True, min_length=1), in_file()]
"""A value that must be encrypted in the stack's file. No output shows it."""

SetSecret = Annotated[Secret, BeforeValidator(_is_set), in_file("null")]
"""A secret whose key may have no value yet. The error message has the command that sets it."""

ClearOrSecret = Annotated[Secret, MayBeClear(lambda value: True), in_file("string")]
"""A value that may be in clear text in the stack's file. No output shows it either."""

SecretPlace = tuple[tuple[str, ...], MayBeClear | None]


@cache
def secret_places(model: type[BaseModel]) -> tuple[SecretPlace, ...]:
    """Returns the paths of a model's secrets, with `*` for keys of mappings and items of lists."""
    return tuple(_places(model))


def _places(annotation: Any) -> Iterator[SecretPlace]:
    if annotation is SecretStr:
        yield (), None
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for key, field in by_key(annotation).items():
            for place, clear in _places(field.annotation):
                yield (key, *place), clear or _clear(field.metadata)
    else:
        several = get_origin(annotation) in (Mapping, tuple)
        for part in get_args(annotation):
            for place, clear in _places(part):
                yield ("*", *place) if several else place, clear or _clear(get_args(annotation))


def _clear(metadata: Iterable[Any]) -> MayBeClear | None:
    return next((each for each in metadata if isinstance(each, MayBeClear)), None)
