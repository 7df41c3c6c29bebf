"""Shows the pods of a stack's applications in a table: `make ps`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from tools.command import run_tool
from tools.pods.application import Application, Pod, deployed, pods_of, selected
from tools.pods.status import age, containers, restarts, status
from tools.pods.table import print_table
from tools.stacks import ROOT

COLUMNS = ("app", "pod", "kind", "status", "since", "restarts", "node", "image", "digest")
STYLES = {"Ready": "green", "Completed": "dim", "Terminating": "dim"}
"""Styles of statuses. Others are red, except for those that pass: Pending and Not ready."""

PASSING = ("Pending", "Not ready")
DIGEST_CHARACTERS = 12


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="ps", description="Shows the pods of applications.")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--app", default="", help="only this application")
    options = parser.parse_args(arguments)
    return run_tool("ps", lambda: show(options.stack, options.app, folder))


def show(stack: str, name: str, folder: Path) -> None:
    """Prints the table of all applications, or of one.

    Raises:
        ToolError: the application is not deployed, or the cluster does not respond.
    """
    now = datetime.now(UTC)
    with deployed(stack, folder, read_only=True) as (api, apps):
        chosen = selected(name, apps)
        rows = [row(app, pod, now) for app in chosen for pod in pods_of(api, app)]
    if rows:
        print_table(COLUMNS, rows)
    else:
        sys.stdout.write(f"{name or stack}: it has no pods\n")


def row(app: Application, pod: Pod, now: datetime) -> list[str | Text]:
    """Returns a pod's row of the table."""
    body = pod.body
    state = status(body)
    style = STYLES.get(state, "yellow" if state.startswith(PASSING) else "red")
    begin = body.get("status", {}).get("startTime", body["metadata"]["creationTimestamp"])
    image, digest = _image(app.name, pod)
    return [
        app.name,
        pod.name,
        f"{pod.kind} {pod.part}" if pod.kind in ("worker", "job") else pod.kind,
        Text(state, style),
        age(begin, now),
        restarts(body, now),
        body["spec"].get("nodeName", ""),
        image,
        digest,
    ]


def _image(app: str, pod: Pod) -> tuple[str, str]:
    """Returns the image of the application's container, and the begin of the digest that runs."""
    listed = pod.body["spec"]["containers"]
    own = next((each for each in listed if each["name"] == app), listed[0])
    runs = [each["imageID"] for each in containers(pod.body) if each["name"] == own["name"]]
    digest = "".join(runs).rpartition("sha256:")[2]
    return own["image"].partition("@")[0], digest[:DIGEST_CHARACTERS]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
