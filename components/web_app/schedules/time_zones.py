"""The time zone database."""

from __future__ import annotations

import difflib
from importlib.resources import files

import tzdata


def check_time_zone(name: str) -> None:
    """Checks the name of a time zone, which is case-sensitive.

    The package `tzdata` has the names, because the machine's database may be missing or older.

    Raises:
        ValueError: says what to write instead.
    """
    names = files(tzdata).joinpath("zones").read_text().split()
    if name not in names:
        folded = {each.casefold(): each for each in names}
        close = difflib.get_close_matches(name.casefold(), folded, n=1)
        meant = f": did you mean {folded[close[0]]}?" if close else ", such as Europe/Zurich"
        raise ValueError(f"must be a name in the time zone database{meant}")
