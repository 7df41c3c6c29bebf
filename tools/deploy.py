"""Deploys a stack, and sees that its applications work: `make deploy STACK=...`.

What the `up`'s own preview did not show is not done (`--strict`). Such a preview has to know the
cluster. So a first deployment is not strict, for all of it is new, and a kubeconfig that nears its
end is renewed by an `up` of its own before anything else is previewed.
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
"""The resources by which the program gets at the cluster."""


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="deploy", description="An up, and a smoke test.")
    parser.add_argument("--stack", required=True)
    add_timeout(parser)
    options = parser.parse_args(arguments)
    return run_tool("deploy", lambda: deploy(options.stack, folder, options.timeout))


def deploy(stack: str, folder: Path, timeout: float) -> None:
    """Deploy the stack; its applications have `timeout` seconds to work.

    Raises:
        ToolError: with the way on, or the way back.
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
        raise ToolError(f"{error}\nThe way back: {rollback_hint(stack, folder)}") from None


def _up(stack: str, folder: Path, *flags: str) -> None:
    if run_pulumi_in_foreground("up", "--stack", stack, "--yes", *flags, folder=folder) != 0:
        raise _failed(stack)


def _failed(stack: str) -> ToolError:
    return ToolError(
        f"{stack}: the up failed, see above. What it did stays: mend it and deploy again. "
        f"If the stack is locked and no other deploy runs: pulumi cancel --stack {stack}"
    )


def rollback_hint(stack: str, folder: Path) -> str:
    """The command that takes back what was deployed last."""
    before = _deployed_before(stack, folder)
    if not before:
        return "none, for nothing was deployed before that is in a commit"
    file = stack_file(stack, folder)
    then = git("show", f"{before}:{file.name}", folder=folder)
    if then == file.read_text():
        return f"git revert: {file.name} is as it was, so what changed is the program"
    return f"make rollback STACK={stack} TO={before[:12]}"


def _deployed_before(stack: str, folder: Path) -> str | None:
    """The commit that the last deployment of another one was made from."""
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
