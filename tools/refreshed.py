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

from tools.command import exit_code
from tools.existing_stack import state_of
from tools.pulumi_command import KEY_OF_THE_STATE, Refused, shown
from tools.stacks import ROOT, check_file

REFRESH = ("refresh", "--yes", "--skip-preview", "--skip-pending-creates")
RUN_PROGRAM = "--run-program"
DELETE_HOOKS = {"BeforeDelete", "AfterDelete"}
"""The hooks without whose program Pulumi refuses to destroy a stack that has them in its state.

Source: pulumi/pulumi, pkg/engine/destroy.go: `newDestroySource`.
"""
CREATING = "creating"
"""An operation that a refresh leaves pending: docs/troubleshooting.md says how to continue."""


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="refreshed", allow_abbrev=False)
    parser.add_argument("command", choices=("destroy", "preview", "up"))
    parser.add_argument("--stack", required=True)
    options, rest = parser.parse_known_args(arguments)

    def run() -> None:
        check_file(options.stack, folder)
        match options.command:
            case "destroy":
                _refreshed(options.stack, folder)
                destroy(options.stack, rest, folder)
            case "up":
                _refreshed(options.stack, folder)
                _become("up", options.stack, rest, folder)
            case "preview":
                flags = refresh_flags(options.stack, folder)
                _become("preview", options.stack, [*flags, *rest], folder)

    return exit_code("refreshed", run)


def _become(command: str, stack: str, flags: Sequence[str], folder: Path) -> None:
    """Run pulumi in place of this process: it may ask, and has a terminal's signals."""
    sys.stdout.flush()
    os.chdir(folder)
    environment = {**os.environ, **KEY_OF_THE_STATE}
    os.execvpe("pulumi", ["pulumi", command, "--stack", stack, *flags], environment)


def destroy(stack: str, flags: Sequence[str], folder: Path) -> None:
    """Remove all that the stack has.

    Raises:
        Refused: something is left. Pulumi reports success where Ctrl-C came between two steps.
    """
    hooks = (each.get("resourceHooks") or () for each in _resources(stack, folder))
    if any(DELETE_HOOKS.intersection(each) for each in hooks):
        flags = (RUN_PROGRAM, *flags)
    if shown("destroy", "--stack", stack, *flags, folder=folder) != 0:
        raise Refused(f"{stack}: the destroy failed, see above: run it again")
    if left := len(_resources(stack, folder)):
        raise Refused(
            f"{stack}: {left} resources are left, whatever is said above: the destroy was "
            "interrupted. Run it again"
        )


def _resources(stack: str, folder: Path) -> Sequence[Mapping[str, Any]]:
    return state_of(stack, folder).get("resources") or ()


def _refreshed(stack: str, folder: Path) -> None:
    if not refresh_if_killed(stack, folder):
        raise Refused(
            f"{stack}: the refresh failed, see above, and nothing else was done. If the stack is "
            f"locked and no other run is going on: pulumi cancel --stack {stack}. If the "
            'kubeconfig has expired: docs/troubleshooting.md, "Unreachable cluster"'
        )


def refresh_if_killed(stack: str, folder: Path) -> bool:
    """Take what is there into the state, if a run was killed in the middle of a change.

    A run that is still going on looks the same: then Pulumi says that the stack is locked.

    Returns:
        Whether it succeeded, or was not needed.
    """
    interrupted = _interrupted(stack, folder)
    if not interrupted:
        return True
    sys.stdout.write(
        f"{stack}: refreshed first, because a run was killed while it changed these:\n"
        + "".join(f"  {each}\n" for each in interrupted)
    )
    return shown(*REFRESH, "--stack", stack, folder=folder) == 0


def refresh_flags(stack: str, folder: Path) -> tuple[str, ...]:
    """What a preview, which leaves the state as it is, has to be given to tell the truth."""
    return ("--refresh",) if _interrupted(stack, folder) else ()


def _interrupted(stack: str, folder: Path) -> list[str]:
    """The resources that a killed run was changing, and how."""
    found = []
    for each in state_of(stack, folder).get("pending_operations") or ():
        _, _, types, name = each["resource"]["urn"].split("::", 3)
        if each["type"] != CREATING:
            found.append(f"{types.rpartition(':')[2]} {name}: {each['type']}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
