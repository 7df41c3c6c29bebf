"""Mistakes that show only when several keys are looked at together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

Place = tuple[str | int, ...]


class Mistake(NamedTuple):
    """What is wrong: the place below the model that is looked at, its value, what is allowed."""

    location: Place
    value: Any
    allowed: str


def refuse(mistakes: Iterable[Mistake]) -> None:
    """Raise them from a model's validator, each with its own place.

    Raises:
        ValidationError: if there is a mistake.
    """
    details = [
        InitErrorDetails(
            type=PydanticCustomError("value_error", "{error}", {"error": mistake.allowed}),
            loc=mistake.location,
            input=mistake.value,
        )
        for mistake in mistakes
    ]
    if details:
        raise ValidationError.from_exception_data("settings", details)
