"""Shows the backups of a stack's applications in a table: `make backups`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.backups.snapshots import backups_of, print_backups, require_snapshot_api
from tools.command import run_tool
from tools.pods.application import deployed, selected
from tools.stacks import ROOT


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="backups", description="Shows backups of volumes.")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--app", default="", help="only this application")
    options = parser.parse_args(arguments)
    return run_tool("backups", lambda: show(options.stack, options.app, folder))


def show(stack: str, name: str, folder: Path) -> None:
    """Prints the table of all applications, or of one.

    Raises:
        ToolError: the application is not deployed, or the cluster has no snapshots.
    """
    # The cluster role `view` of the read-only kubeconfig doesn't include snapshots.
    with deployed(stack, folder, read_only=False) as (api, apps):
        chosen = selected(name, apps)
        require_snapshot_api(api, stack)
        backups = backups_of(api, chosen)
    if backups:
        print_backups(backups)
    else:
        sys.stdout.write(f"{name or stack}: it has no backups\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
