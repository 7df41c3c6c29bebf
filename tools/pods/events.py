"""Shows what Kubernetes reports about the objects of a stack's applications: `make events`.

Kubernetes keeps events for an hour.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.text import Text

from tools.command import run_tool
from tools.pods.api import Api
from tools.pods.application import Application, deployed, named
from tools.pods.status import age, time_of
from tools.pods.table import print_table
from tools.stacks import ROOT

COLUMNS = ("ago", "type", "object", "reason", "times", "message")


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="events", description="Shows Kubernetes' events.")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--app", default="", help="only this application")
    options = parser.parse_args(arguments)
    return run_tool("events", lambda: show(options.stack, options.app, folder))


def show(stack: str, name: str, folder: Path) -> None:
    """Prints the events of all applications, or of one. The newest comes last.

    Raises:
        ToolError: the application is not deployed, or the cluster does not respond.
    """
    now = datetime.now(UTC)
    with deployed(stack, folder, read_only=True) as (api, apps):
        events = _of_app(api, named(name, apps), apps) if name else _of_all(api, apps)
        rows = [row(each, now) for each in sorted(events, key=last_time)]
    if rows:
        print_table(COLUMNS, rows)
    else:
        sys.stdout.write(f"{name or stack}: no events in the last hour\n")


def _of_all(api: Api, apps: Mapping[str, Application]) -> Iterator[dict[str, Any]]:
    for namespace in sorted({each.namespace for each in apps.values()}):
        yield from _events(api, namespace)


def _of_app(
    api: Api, app: Application, apps: Mapping[str, Application]
) -> Iterator[dict[str, Any]]:
    names = [each.name for each in apps.values() if each.namespace == app.namespace]
    for each in _events(api, app.namespace):
        if owner(each["involvedObject"]["name"], names) in (app.name, None):
            yield each


def _events(api: Api, namespace: str) -> list[dict[str, Any]]:
    return api.items(f"/api/v1/namespaces/{namespace}/events")


def owner(name: str, apps: Iterable[str]) -> str | None:
    """Returns the application of an object: the names of its objects begin with its own.

    An Ingress is named after its host, so it may belong to any application of the namespace.
    """
    found = [each for each in apps if name == each or name.startswith(f"{each}-")]
    return max(found, key=len, default=None)


def last_time(event: Mapping[str, Any]) -> datetime:
    """Returns when an event happened last. Which fields are set depends on who reports it."""
    times = (
        (event.get("series") or {}).get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        event["metadata"]["creationTimestamp"],
    )
    return time_of(next(filter(None, times)))


def row(event: Mapping[str, Any], now: datetime) -> list[str | Text]:
    """Returns an event's row of the table."""
    kind, about = event.get("type", ""), event["involvedObject"]
    count = (event.get("series") or {}).get("count") or event.get("count") or 1
    return [
        age(last_time(event).isoformat(), now),
        Text(kind, "yellow" if kind == "Warning" else ""),
        f"{about['kind'].lower()}/{about['name']}",
        event.get("reason", ""),
        str(count),
        event.get("message", "").strip(),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
