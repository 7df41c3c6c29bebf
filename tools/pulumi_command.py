"""Running pulumi for a tool."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Refused(Exception):
    """What a tool can't do: one clear message."""


def pulumi(*arguments: str, folder: Path, given: str | None = None) -> str:
    """Run pulumi in `folder`; return what it prints.

    Args:
        given: what it reads from standard input. It is in no message.

    Raises:
        Refused: with Pulumi's own words, where it fails or is not there.
    """
    command = ["pulumi", *arguments, "--non-interactive"]
    try:
        done = subprocess.run(
            command, cwd=folder, input=given or "", capture_output=True, text=True
        )
    except FileNotFoundError:
        raise Refused("pulumi is not on PATH: see docs/exoscale.md") from None
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()
        raise Refused(f"pulumi {' '.join(arguments)} failed: {words}")
    return done.stdout
