"""Runs pulumi on a stack that may have been killed: `python -m tools.refreshed up --stack dev`.

A run that is killed leaves in the state which operations it had begun, as pending operations. The
next `pulumi up` compares with the state as it was before them, drops them, and says "unchanged"
where the cluster has something else by now. So what is there is looked at first.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.command import exit_code
from tools.pulumi_command import KEY_OF_THE_STATE, Refused, pulumi, shown
from tools.stacks import ROOT

REFRESH = ("refresh", "--yes", "--skip-preview", "--skip-pending-creates")
CREATING = "creating"
"""An operation that a refresh leaves pending: docs/changes.md says how to go on from there."""


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Run the command in place of this process; return an exit code where it can't."""
    parser = argparse.ArgumentParser(prog="refreshed", allow_abbrev=False)
    parser.add_argument("command", choices=("destroy", "preview", "up"))
    parser.add_argument("--stack", required=True)
    options, rest = parser.parse_known_args(arguments)

    def run() -> None:
        flags: tuple[str, ...] = ()
        if options.command == "preview":
            flags = refresh_flags(options.stack, folder)
        elif not refresh_if_killed(options.stack, folder):
            raise Refused(
                f"{options.stack}: the refresh failed, see above, and nothing else was done. "
                "If the stack is locked and no other run is going on: "
                f"pulumi cancel --stack {options.stack}. If the kubeconfig has expired: "
                'docs/trouble.md, "A cluster that is unreachable"'
            )
        command = ("pulumi", options.command, "--stack", options.stack, *flags, *rest)
        os.chdir(folder)
        sys.stdout.flush()
        os.execvpe(command[0], command, {**os.environ, **KEY_OF_THE_STATE})

    return exit_code("refreshed", run)


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
    state = json.loads(pulumi("stack", "export", "--stack", stack, folder=folder))
    pending = (state.get("deployment") or {}).get("pending_operations") or ()
    found = []
    for each in pending:
        _, _, types, name = each["resource"]["urn"].split("::", 3)
        if each["type"] != CREATING:
            found.append(f"{types.rpartition(':')[2]} {name}: {each['type']}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
