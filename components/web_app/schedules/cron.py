"""Cron expressions as Kubernetes reads them, and their next runs.

Kubernetes parses an expression with robfig/cron 3.0.1 (`ParseStandard`), while `cronsim` follows
Debian's cron. Therefore, each field is checked here and written out for `cronsim` as numbers. The
differences:

- Kubernetes rejects 7 for Sunday, `L`, `W` and `#`, and accepts `?` for `*`.
- `*/2` as a day is a list of days for Kubernetes: with a day of the month and a day of the week, a
  run comes on either. Only with `*` or `?` (or the step 1), both must match.
- A time that doesn't exist because clocks are put forward has no run, and one that exists twice has
  two. `cronsim` does the same for an expression with seconds, except where clocks change by half an
  hour (Australia/Lord_Howe).

Source: robfig/cron v3.0.1, parser.go and spec.go; kubernetes/kubernetes,
pkg/apis/batch/validation/validation.go, `validateScheduleFormat`.
"""

from __future__ import annotations

import re
from datetime import datetime
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

RUNS = 3
"""The number of next runs to show."""

DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class _Field(NamedTuple):
    name: str
    first: int
    last: int
    words: tuple[str, ...] = ()
    """Names of the numbers, from `first` on."""


FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, tuple("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split())),
    _Field("day of the week", 0, 6, tuple("SUN MON TUE WED THU FRI SAT".split())),
)

_PART = re.compile(r"([*?]|(\w+)(-(\w+))?)(/(\d+))?", re.ASCII)
"""A part of a field: `*`, `5`, `1-5`, `MON`, each with or without a step, `/2`."""


def check_expression(expression: str) -> None:
    """Checks that Kubernetes accepts an expression and that a run ever comes.

    Raises:
        ValueError: says what to write instead.
    """
    next(_runs(expression, datetime(2000, 1, 1)))


def next_runs(expression: str, time_zone: str, now: datetime) -> str:
    """Returns the next runs of a schedule in its time zone, such as `Tue 2026-12-01 03:00, ...`.

    Args:
        now: the time after which they come, with any time zone.

    Raises:
        ValueError: the expression is invalid, or no run ever comes.
    """
    runs = islice(_runs(expression, now.astimezone(ZoneInfo(time_zone))), RUNS)
    return ", ".join(f"{each:%a %Y-%m-%d %H:%M}" for each in runs)


def _runs(expression: str, start: datetime) -> CronSim:
    """Returns the runs after a time.

    Raises:
        ValueError: the expression is invalid, or no run ever comes.
    """
    try:
        return CronSim(f"0 {_written_out(expression)}", start)
    except CronSimError:
        raise ValueError("never comes: none of its months has such a day") from None


def _written_out(expression: str) -> str:
    """Returns the expression with lists of numbers, for `cronsim`."""
    if re.match(r"(CRON_)?TZ=", expression):
        raise ValueError("must have no time zone: write it in timeZone")
    if expression.startswith("@every"):
        raise ValueError(
            "must not be @every, which counts from the creation of the CronJob: write the times, "
            "such as */10 * * * *"
        )
    if expression.startswith("@") and expression not in DESCRIPTORS:
        raise ValueError(f"must be one of {', '.join(DESCRIPTORS)}, or five fields")
    fields = DESCRIPTORS.get(expression, expression).split()
    if len(fields) != len(FIELDS):
        names = ", ".join(field.name for field in FIELDS)
        raise ValueError(f"must have five fields, such as 0 3 * * *: {names}")
    return " ".join(map(_numbers, FIELDS, fields))


def _numbers(field: _Field, text: str) -> str:
    """Returns the numbers of a field, or `*` if any number matches."""
    parts = [_part(field, each) for each in text.split(",")]
    if None in parts:
        return "*"
    return ",".join(str(each) for each in sorted(set().union(*filter(None, parts))))


def _part(field: _Field, text: str) -> range | None:
    """Returns the numbers of a part of a field, or None if any number matches."""
    match = _PART.fullmatch(text)
    if not match:
        raise ValueError(f"{field.name}: {text}: must be {_allowed(field)}")
    _, low, _, high, _, step = match.groups()
    steps = 1 if step is None else int(step)
    if steps == 0:
        raise ValueError(f"{field.name}: {text}: must have a step of 1 or more")
    if low is None:
        return None if steps == 1 else range(field.first, field.last + 1, steps)
    first = _number(field, low)
    # with a step, 5/10 means from 5 on
    last = _number(field, high) if high else first if step is None else field.last
    if last < first:
        raise ValueError(f"{field.name}: {text}: must not end before it begins")
    return range(first, last + 1, steps)


def _number(field: _Field, text: str) -> int:
    if text.upper() in field.words:
        return field.first + field.words.index(text.upper())
    if not text.isdigit() or not field.first <= int(text) <= field.last:
        raise ValueError(f"{field.name}: {text}: must be {_allowed(field)}")
    return int(text)


def _allowed(field: _Field) -> str:
    words = f" or {field.words[0]} to {field.words[-1]}" if field.words else ""
    return f"{field.first} to {field.last}{words}, a range, a list, or * with or without a step"
