"""Ends a command that `make run DETACH=1` has started: `make run-stop`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from components.manifests.labels import INSTANCE
from tools.command import run_tool
from tools.pods.application import MAKE_RUN, MANAGED_BY, deployed, named
from tools.pulumi_command import ToolError
from tools.stacks import ROOT


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="run-stop", description="Ends a command of make run.")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--app", required=True)
    parser.add_argument("--run", required=True, help="the name that make run has printed")
    options = parser.parse_args(arguments)
    return run_tool("run-stop", lambda: stop(options.stack, options.app, options.run, folder))


def stop(stack: str, name: str, run: str, folder: Path) -> None:
    """Deletes the command's Job with its pod and its network policy.

    Raises:
        ToolError: there is no such command. The message lists those that there are.
    """
    with deployed(stack, folder, read_only=False) as (api, apps):
        app = named(name, apps)
        path = f"/apis/batch/v1/namespaces/{app.namespace}/jobs"
        labels = f"{INSTANCE}={app.name},{MANAGED_BY}={MAKE_RUN}"
        runs = sorted(each["metadata"]["name"] for each in api.items(path, labelSelector=labels))
        if run not in runs:
            known = ", ".join(runs) or "none"
            raise ToolError(f"RUN: {json.dumps(run)}: must be a command of {app.name}: {known}")
        api.delete(f"{path}/{run}")
    sys.stdout.write(f"{run} was deleted\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
