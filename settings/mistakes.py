"""Mistakes that show only when several keys are looked at together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from settings.types import SettingsModel

Place = tuple[str | int, ...]
"""A place in settings: keys as the stack's file has them, and indices."""


class Mistake(NamedTuple):
    """What is wrong: the place below the model that is looked at, its value, what is allowed."""

    location: Place
    value: Any
    allowed: str


Rule = tuple[type[SettingsModel], Callable[[Any], Iterable[Mistake]]]
"""What has to be right in settings of a class: a function that finds the mistakes in one."""


def rules(
    model: type[SettingsModel], *functions: Callable[[Any], Iterable[Mistake]]
) -> tuple[Rule, ...]:
    """The rules of one class."""
    return tuple((model, function) for function in functions)
