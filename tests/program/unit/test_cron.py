"""Cron expressions are those of Kubernetes, and so are the runs."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from components.web_app.schedules.cron import check_expression, next_runs
from components.web_app.schedules.time_zones import check_time_zone

RUNS = [
    # with a day of the month and of the week, on either
    (
        "0 3 13 * FRI",
        "Etc/UTC",
        "2026-12-01",
        "2026-12-04 03:00, 2026-12-11 03:00, 2026-12-13 03:00",
    ),
    (
        "0 3 */10 * 1",
        "Etc/UTC",
        "2026-12-01",
        "2026-12-01 03:00, 2026-12-07 03:00, 2026-12-11 03:00",
    ),
    (
        "0 3 * * MON-TUE",
        "Etc/UTC",
        "2026-12-01",
        "2026-12-01 03:00, 2026-12-07 03:00, 2026-12-08 03:00",
    ),
    (
        "0 3 */1 * mon",
        "Etc/UTC",
        "2026-12-01",
        "2026-12-07 03:00, 2026-12-14 03:00, 2026-12-21 03:00",
    ),
    (
        "0 3 1,* * 1",
        "Etc/UTC",
        "2026-12-01",
        "2026-12-07 03:00, 2026-12-14 03:00, 2026-12-21 03:00",
    ),
    (
        "0 3 ? FEB-MAR ?",
        "Etc/UTC",
        "2026-12-01",
        "2027-02-01 03:00, 2027-02-02 03:00, 2027-02-03 03:00",
    ),
    (
        "0 0 * * 5/1",
        "Etc/UTC",
        "2026-12-01",
        "2026-12-04 00:00, 2026-12-05 00:00, 2026-12-11 00:00",
    ),
    (
        "5/20 0 1-1/2 * *",
        "Etc/UTC",
        "2026-12-02",
        "2027-01-01 00:05, 2027-01-01 00:25, 2027-01-01 00:45",
    ),
    ("0 0 29 2 *", "Etc/UTC", "2026-12-01", "2028-02-29 00:00, 2032-02-29 00:00, 2036-02-29 00:00"),
    ("0 0 31 2 1", "Etc/UTC", "2026-12-01", "2027-02-01 00:00, 2027-02-08 00:00, 2027-02-15 00:00"),
    ("@weekly", "Asia/Tokyo", "2026-12-01", "2026-12-06 00:00, 2026-12-13 00:00, 2026-12-20 00:00"),
    (
        "@hourly",
        "Asia/Kolkata",
        "2026-12-01",
        "2026-12-01 06:00, 2026-12-01 07:00, 2026-12-01 08:00",
    ),
    # no 2:30 on March 28, and two on October 31
    (
        "30 2 * * *",
        "Europe/Zurich",
        "2027-03-27",
        "2027-03-27 02:30, 2027-03-29 02:30, 2027-03-30 02:30",
    ),
    (
        "30 2 * * *",
        "Europe/Zurich",
        "2027-10-31",
        "2027-10-31 02:30, 2027-10-31 02:30, 2027-11-01 02:30",
    ),
    (
        "0 */2 * * *",
        "Europe/Zurich",
        "2027-03-28",
        "2027-03-28 04:00, 2027-03-28 06:00, 2027-03-28 08:00",
    ),
]
"""Expression, time zone, midnight in UTC, and runs in that time zone by robfig/cron 3.0.1."""


@pytest.mark.parametrize(("expression", "zone", "day", "expected"), RUNS)
def test_runs_come_when_kubernetes_starts_them(
    expression: str, zone: str, day: str, expected: str
) -> None:
    check_expression(expression)
    runs = next_runs(expression, zone, datetime.fromisoformat(day).replace(tzinfo=UTC))
    assert [run[len("Mon ") :] for run in runs.split(", ")] == expected.split(", ")


def test_a_run_has_its_day_of_the_week() -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    assert next_runs("0 3 1 1 *", "Etc/UTC", now).startswith("Fri 2027-01-01 03:00, Sat ")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "must have five fields"),
        ("0 3 * *", "must have five fields"),
        ("0 0 3 * * *", "must have five fields"),
        ("60 * * * *", "minute: 60: must be 0 to 59"),
        ("* 24 * * *", "hour: 24: must be 0 to 23"),
        ("* * 0 * *", "day of the month: 0: must be 1 to 31"),
        ("* * * 13 *", "month: 13: must be 1 to 12 or JAN to DEC"),
        ("* * * * 7", "day of the week: 7: must be 0 to 6 or SUN to SAT"),
        ("* * * * FRIDAY", "day of the week: FRIDAY: must be"),
        ("* * L * *", "day of the month: L: must be"),
        ("* * 15W * *", "day of the month: 15W: must be"),
        ("* * * * 1#2", "day of the week: 1#2: must be"),
        ("* * * * FRI-MON", "day of the week: FRI-MON: must not end before it begins"),
        ("*/0 * * * *", "minute: */0: must have a step of 1 or more"),
        ("5/ * * * *", "minute: 5/: must be"),
        ("1,,2 * * * *", "minute: : must be"),
        ("-1 * * * *", "minute: -1: must be"),
        ("\u0663 * * * *", "minute: \u0663: must be"),
        ("0 0 31 2 *", "never comes"),
        ("0 0 31 4,6,9,11 ?", "never comes"),
        ("0 0 30,31 FEB *", "never comes"),
        ("@every 1h", "must not be @every"),
        ("@reboot", "must be one of @yearly"),
        ("@Daily", "must be one of @yearly"),
        ("TZ=Europe/Zurich 0 3 * * *", "write it in timeZone"),
        ("CRON_TZ=UTC 0 3 * * *", "write it in timeZone"),
    ],
)
def test_what_kubernetes_rejects_or_never_runs(expression: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        check_expression(expression)


@pytest.mark.parametrize("name", ["Europe/Zurich", "Etc/UTC", "America/Argentina/ComodRivadavia"])
def test_time_zones(name: str) -> None:
    check_time_zone(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("europe/zurich", "did you mean Europe/Zurich?"),
        ("Europe/Zuerich", "did you mean Europe/Zurich?"),
        ("Local", "such as Europe/Zurich"),
        ("+01:00", "such as Europe/Zurich"),
        ("../etc/passwd", "such as Europe/Zurich"),
        ("", "such as Europe/Zurich"),
    ],
)
def test_what_is_no_time_zone(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match="must be a name in the time zone database") as caught:
        check_time_zone(name)
    assert meant in str(caught.value)
