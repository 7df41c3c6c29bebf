"""Lists a stack's schedules with their next runs: `make schedules STACK=...`.

It reads the stack's settings, and not what is deployed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.args.problem import Place, path
from components.web_app.schedules.args import ScheduleArgs
from components.web_app.schedules.cron import next_runs
from components.web_app.schedules.time_zones import check_time_zone
from tools.command import run_tool
from tools.existing_stack import stack_settings
from tools.pulumi_command import ToolError
from tools.stacks import ROOT, check_stack_name, stack_file, stacks_with_file

HEAD = ("application", "schedule", "expression", "time zone", "next runs")
UTC_ZONE = str(ScheduleArgs.model_fields["time_zone"].default)


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="schedules", description="Lists schedules with their next runs."
    )
    parser.add_argument("--stack", required=True)
    options = parser.parse_args(arguments)
    return run_tool("schedules", lambda: show(options.stack, folder, datetime.now(UTC)))


def show(stack: str, folder: Path, now: datetime) -> None:
    """Prints a table of the schedules.

    Raises:
        ToolError: the stack has no file, or a schedule in it is wrong.
    """
    check_stack_name("STACK", stack)
    if not stack_file(stack, folder).is_file():
        names = ", ".join(stacks_with_file(folder))
        raise ToolError(f"STACK: {json.dumps(stack)}: must be one of the stacks {names}")
    rows = list(_rows(stack_settings(stack, folder).get("apps", ()), now))
    if not rows:
        sys.stdout.write(f"{stack}: no application has schedules\n")
        return
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    for row in (HEAD, *rows):
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _rows(apps: Sequence[Mapping[str, Any]], now: datetime) -> Iterator[tuple[str, ...]]:
    for index, app in enumerate(apps):
        for number, each in enumerate(app.get("schedules", ())):
            place: Place = ("apps", index, "schedules", number)
            expression, zone = each["schedule"], each.get("timeZone", UTC_ZONE)
            runs = _runs(expression, zone, now, place)
            if each.get("suspend") == "true":
                runs = "suspended"
            yield app["name"], each["name"], expression, zone, runs


def _runs(expression: str, zone: str, now: datetime, place: Place) -> str:
    value = zone
    try:
        check_time_zone(zone)
        value = expression
        return next_runs(expression, zone, now)
    except ValueError as error:
        raise ToolError(f"{path(place)}: {json.dumps(value)}: {error}") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
