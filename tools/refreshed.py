"""Runs pulumi on a stack that may have been killed: `python -m tools.refreshed up --stack dev`.

A run that is killed leaves in the state which operations it had begun, as pending operations. The
next `pulumi up` compares with the state as it was before them, drops them, and says "unchanged"
where the cluster has something else by now. So what is there is looked at first.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.command import run_tool
from tools.existing_stack import stack_state
from tools.pulumi_command import STATE_SECRETS_PROVIDER, ToolError, run_pulumi_in_foreground
from tools.stacks import ROOT, check_stack_file

REFRESH = ("refresh", "--yes", "--skip-preview", "--skip-pending-creates")
RUN_PROGRAM = "--run-program"
DELETE_HOOKS = {"BeforeDelete", "AfterDelete"}
"""The hooks without whose program Pulumi refuses to destroy a stack that has them in its state.

Source: pulumi/pulumi, pkg/engine/destroy.go: `newDestroySource`.
"""
CREATING = "creating"
"""An operation that a refresh leaves pending: docs/changes.md says how to go on from there."""


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="refreshed", allow_abbrev=False)
    parser.add_argument("command", choices=("destroy", "preview", "up"))
    parser.add_argument("--stack", required=True)
    options, rest = parser.parse_known_args(arguments)

    def run() -> None:
        check_stack_file(options.stack, folder)
        match options.command:
            case "destroy":
                _require_refresh(options.stack, folder)
                destroy(options.stack, rest, folder)
            case "up":
                _require_refresh(options.stack, folder)
                _replace_process("up", options.stack, rest, folder)
            case "preview":
                flags = refresh_flags(options.stack, folder)
                _replace_process("preview", options.stack, [*flags, *rest], folder)

    return run_tool("refreshed", run)


def _replace_process(command: str, stack: str, flags: Sequence[str], folder: Path) -> None:
    """Run pulumi in place of this process: it may ask, and has a terminal's signals."""
    sys.stdout.flush()
    os.chdir(folder)
    environment = {**os.environ, **STATE_SECRETS_PROVIDER}
    os.execvpe("pulumi", ["pulumi", command, "--stack", stack, *flags], environment)


def destroy(stack: str, flags: Sequence[str], folder: Path) -> None:
    """Remove all that the stack has.

    Raises:
        ToolError: something is left. Pulumi reports success where Ctrl-C came between two steps.
    """
    hooks = (each.get("resourceHooks") or () for each in _resources(stack, folder))
    if any(DELETE_HOOKS.intersection(each) for each in hooks):
        flags = (RUN_PROGRAM, *flags)
    if run_pulumi_in_foreground("destroy", "--stack", stack, *flags, folder=folder) != 0:
        raise ToolError(f"{stack}: the destroy failed, see above: run it again")
    if left := len(_resources(stack, folder)):
        raise ToolError(
            f"{stack}: {left} resources are left, whatever is said above: the destroy was "
            "interrupted. Run it again"
        )


def _resources(stack: str, folder: Path) -> Sequence[Mapping[str, Any]]:
    return stack_state(stack, folder).get("resources") or ()


def _require_refresh(stack: str, folder: Path) -> None:
    if not refresh_if_killed(stack, folder):
        raise ToolError(
            f"{stack}: the refresh failed, see above, and nothing else was done. If the stack is "
            f"locked and no other run is going on: pulumi cancel --stack {stack}. If the "
            'kubeconfig has expired: docs/trouble.md, "A cluster that is unreachable"'
        )


def refresh_if_killed(stack: str, folder: Path) -> bool:
    """Take what is there into the state, if a run was killed in the middle of a change.

    A run that is still going on looks the same: then Pulumi says that the stack is locked.

    Returns:
        Whether it succeeded, or was not needed.
    """
    interrupted = _interrupted_changes(stack, folder)
    if not interrupted:
        return True
    sys.stdout.write(
        f"{stack}: refreshed first, because a run was killed while it changed these:\n"
        + "".join(f"  {each}\n" for each in interrupted)
    )
    return run_pulumi_in_foreground(*REFRESH, "--stack", stack, folder=folder) == 0


def refresh_flags(stack: str, folder: Path) -> tuple[str, ...]:
    """What a preview, which leaves the state as it is, has to be given to tell the truth."""
    return ("--refresh",) if _interrupted_changes(stack, folder) else ()


def _interrupted_changes(stack: str, folder: Path) -> list[str]:
    """The resources that a killed run was changing, and how."""
    found = []
    for each in stack_state(stack, folder).get("pending_operations") or ():
        _, _, types, name = each["resource"]["urn"].split("::", 3)
        if each["type"] != CREATING:
            found.append(f"{types.rpartition(':')[2]} {name}: {each['type']}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
