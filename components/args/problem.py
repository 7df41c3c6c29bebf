"""What is wrong with args: where, which value, and what to write instead."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, SecretStr

from .output import SHOWN, is_output

Place = tuple[str | int, ...]
"""A place in args: keys as a stack's file has them, and indices."""

HIDDEN = "[secret]"


class Problem(NamedTuple):
    """One problem that shows only when several fields are looked at together.

    Attributes:
        place: the place below the model that is checked.
        value: the value there.
        message: what is allowed, such as "must be less than 5".
    """

    place: Place
    value: Any
    message: str


class Problems(ValueError):
    """The problems of one model, a line for each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(line(*problem) for problem in self.problems))


def require(check: Callable[[], object], place: Place, value: object) -> None:
    """Checks one value.

    Raises:
        Problems: what `check` raises a ValueError for.
    """
    try:
        check()
    except ValueError as error:
        raise Problems([Problem(place, value, str(error))]) from None


def line(place: Sequence[str | int], value: Any, message: str, secret: Collection[str] = ()) -> str:
    """Returns a problem in one line, without the value of what is below a key in `secret`."""
    hidden = isinstance(value, SecretStr) or any(key in secret for key in place[:1])
    shown = HIDDEN if hidden else json.dumps(value, default=_plain)
    return f"{path(place)}: {shown}: {message}" if place else f"{shown}: {message}"


def _plain(value: Any) -> Any:
    """Args as a stack's file has them, without secrets."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return SHOWN if is_output(value) else str(value)


def path(place: Sequence[str | int]) -> str:
    """Returns a place as `pulumi config set --path` takes it."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[\w-]+", part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text
