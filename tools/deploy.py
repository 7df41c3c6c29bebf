"""Deploys a stack and tests its applications: `make deploy STACK=...`.

With `--strict`, Pulumi makes no change that the preview of the same `up` did not show. That preview
needs access to the cluster. So the first deployment is not strict, and a separate `up` renews a
kubeconfig that is about to expire.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.command import run_tool
from tools.existing_stack import check_stack, stack_outputs
from tools.git import git
from tools.policies import policy_arguments
from tools.pulumi_command import ToolError, pulumi_output, run_pulumi_in_foreground
from tools.refreshed import refresh_if_killed
from tools.smoke import add_timeout, smoke
from tools.stacks import ROOT, stack_file

CREDENTIAL_TARGETS = (
    "--target",
    "**SksKubeconfig::*",
    "--target",
    "**pulumi:providers:kubernetes::*",
)
"""The resources that give the program access to the cluster."""


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="deploy", description="Deploys a stack and tests its applications."
    )
    parser.add_argument("--stack", required=True)
    add_timeout(parser)
    options = parser.parse_args(arguments)
    return run_tool("deploy", lambda: deploy(options.stack, folder, options.timeout))


def deploy(stack: str, folder: Path, timeout: float) -> None:
    """Deploys the stack and waits at most `timeout` seconds until its applications work.

    Raises:
        ToolError: the deployment or an application failed. The message says how to continue.
    """
    check_stack(stack, folder)
    if not refresh_if_killed(stack, folder):
        raise _failed(stack)
    if "kubeconfig" in stack_outputs(stack, folder):
        _up(stack, folder, "--strict", *CREDENTIAL_TARGETS)
        _up(stack, folder, "--strict", *policy_arguments(stack, folder))
    else:
        _up(stack, folder, *policy_arguments(stack, folder))
    try:
        smoke(stack, folder, timeout)
    except ToolError as error:
        raise ToolError(f"{error}\nRollback: {rollback_hint(stack, folder)}") from None


def _up(stack: str, folder: Path, *flags: str) -> None:
    if run_pulumi_in_foreground("up", "--stack", stack, "--yes", *flags, folder=folder) != 0:
        raise _failed(stack)


def _failed(stack: str) -> ToolError:
    return ToolError(
        f"{stack}: pulumi up failed, see above. Completed changes stay. Fix the error and deploy "
        "again. If the stack is locked and no other deployment is running, run pulumi cancel "
        f"--stack {stack}"
    )


def rollback_hint(stack: str, folder: Path) -> str:
    """Returns the command that undoes the last deployment, or why there is none."""
    before = _deployed_before(stack, folder)
    if not before:
        return "not possible, because no earlier deployment was made from another commit"
    file = stack_file(stack, folder)
    then = git("show", f"{before}:{file.name}", folder=folder)
    if then == file.read_text():
        return f"use git revert, because the program has changed and {file.name} has not"
    return f"make rollback STACK={stack} TO={before[:12]}"


def _deployed_before(stack: str, folder: Path) -> str | None:
    """Returns the commit of the last successful deployment of another commit."""
    now = git("rev-parse", "HEAD", folder=folder)
    history = json.loads(
        pulumi_output("stack", "history", "--json", "--stack", stack, folder=folder)
    )
    for update in history:
        commit = update["environment"].get("git.head")
        done = (update["kind"], update["result"]) == ("update", "succeeded")
        if done and commit and commit != (now or "").strip():
            return str(commit)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
