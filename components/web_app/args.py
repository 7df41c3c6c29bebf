"""An application's args: what can be set, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from ..args.problem import Problem
from .checks import app_problems
from .fields import WebAppFields


class WebAppArgs(WebAppFields):
    """A web application."""

    def problems(self) -> Iterator[Problem]:
        """Yields what is wrong with several fields of the application together."""
        yield from super().problems()
        yield from app_problems(self)
