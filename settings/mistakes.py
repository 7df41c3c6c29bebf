"""Mistakes that show only when several keys are looked at together."""

from __future__ import annotations

from typing import Any, NamedTuple

Place = tuple[str | int, ...]
"""A place in settings: keys as the stack's file has them, and indices."""


class Mistake(NamedTuple):
    """What is wrong: the place below the model that is looked at, its value, what is allowed."""

    location: Place
    value: Any
    allowed: str
