"""Settings that are secret, which their types tell, and the places that they have in a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from .types import by_key


def in_file(*others: str) -> WithJsonSchema:
    """The JSON schema of a value that the stack's file has encrypted, or as another type."""
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
    """A secret whose place in the stack's file may hold something that is none."""

    is_clear: Callable[[Any], bool]


Secret = Annotated[SecretStr, Field(strict=True, min_length=1), in_file()]
"""A value that has to be encrypted in the stack's file, and that nothing shows."""

SetSecret = Annotated[Secret, BeforeValidator(_is_set), in_file("null")]
"""A secret whose key may be there first: the mistake tells how it is set."""

ClearOrSecret = Annotated[Secret, MayBeClear(lambda value: True), in_file("string")]
"""A value that nothing shows, whether or not it is encrypted in the stack's file."""

SecretPlace = tuple[tuple[str, ...], MayBeClear | None]


@cache
def secret_places(model: type[BaseModel]) -> tuple[SecretPlace, ...]:
    """Where a model has secrets, `*` for the keys of a mapping and the items of a list."""
    return tuple(_places(model))


def _places(annotation: Any) -> Iterator[SecretPlace]:
    if annotation is SecretStr:
        yield (), None
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for key, field in by_key(annotation).items():
            for place, clear in _places(field.annotation):
                yield (key, *place), clear or _clear(field.metadata)
    else:
        several = get_origin(annotation) in (dict, tuple)
        for part in get_args(annotation):
            for place, clear in _places(part):
                yield ("*", *place) if several else place, clear or _clear(get_args(annotation))


def _clear(metadata: Iterable[Any]) -> MayBeClear | None:
    return next((each for each in metadata if isinstance(each, MayBeClear)), None)
