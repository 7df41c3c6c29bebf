"""Refreshes a stack after a killed run and runs pulumi: `python -m tools.refreshed up --stack dev`.

A killed run leaves the operations that it had started in the state, as pending operations. The next
`pulumi up` drops them and compares with the state before them: it reports "unchanged" even where
the cluster has changed. So the state is refreshed first.
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
"""Hooks that Pulumi runs the program for: without it, it refuses to destroy the stack.

Source: pulumi/pulumi, pkg/engine/destroy.go: `newDestroySource`.
"""
CREATING = "creating"
"""An operation that a refresh leaves pending. docs/troubleshooting.md says how to continue."""


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
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
    """Replaces this process with pulumi, which can then ask questions and gets Ctrl-C."""
    sys.stdout.flush()
    os.chdir(folder)
    environment = {**os.environ, **STATE_SECRETS_PROVIDER}
    os.execvpe("pulumi", ["pulumi", command, "--stack", stack, *flags], environment)


def destroy(stack: str, flags: Sequence[str], folder: Path) -> None:
    """Deletes all resources of the stack.

    Raises:
        ToolError: a resource is left. Pulumi reports success if Ctrl-C came between two steps.
    """
    hooks = (each.get("resourceHooks") or () for each in _resources(stack, folder))
    if any(DELETE_HOOKS.intersection(each) for each in hooks):
        flags = (RUN_PROGRAM, *flags)
    if run_pulumi_in_foreground("destroy", "--stack", stack, *flags, folder=folder) != 0:
        raise ToolError(f"{stack}: pulumi destroy failed, see above. Run it again")
    if left := len(_resources(stack, folder)):
        raise ToolError(
            f"{stack}: {left} resources are left, because the destroy was interrupted. Run it again"
        )


def _resources(stack: str, folder: Path) -> Sequence[Mapping[str, Any]]:
    return stack_state(stack, folder).get("resources") or ()


def _require_refresh(stack: str, folder: Path) -> None:
    if not refresh_if_killed(stack, folder):
        raise ToolError(
            f"{stack}: pulumi refresh failed, see above. Nothing else was done. If the stack is "
            f"locked and no other command is running, run pulumi cancel --stack {stack}. If the "
            'kubeconfig has expired, see "Unreachable cluster" in docs/troubleshooting.md'
        )


def refresh_if_killed(stack: str, folder: Path) -> bool:
    """Refreshes the state if the last run was killed during a change.

    A run that is still active looks the same. Pulumi then reports that the stack is locked.

    Returns:
        Whether the refresh succeeded or was not necessary.
    """
    interrupted = _interrupted_changes(stack, folder)
    if not interrupted:
        return True
    sys.stdout.write(
        f"{stack}: the state is refreshed first, because a run was killed during these changes:\n"
        + "".join(f"  {each}\n" for each in interrupted)
    )
    return run_pulumi_in_foreground(*REFRESH, "--stack", stack, folder=folder) == 0


def refresh_flags(stack: str, folder: Path) -> tuple[str, ...]:
    """Returns the flags of a preview that make it correct after a killed run."""
    return ("--refresh",) if _interrupted_changes(stack, folder) else ()


def _interrupted_changes(stack: str, folder: Path) -> list[str]:
    """Returns the changes that a killed run had started."""
    found = []
    for each in stack_state(stack, folder).get("pending_operations") or ():
        _, _, types, name = each["resource"]["urn"].split("::", 3)
        if each["type"] != CREATING:
            found.append(f"{types.rpartition(':')[2]} {name}: {each['type']}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
