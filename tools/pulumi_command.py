"""Running pulumi for a tool."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

KEY_OF_THE_STATE = {"PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true"}
"""A stack whose file is new, or not there, has its secrets by the key that its state has."""

INTERRUPTED = 128 + signal.SIGINT
"""The exit code that shells give for it."""


class Refused(Exception):
    """What a tool can't do: one clear message."""


def exit_code(tool: str, work: Callable[[], None]) -> int:
    """Do a tool's work; what it can't do is told in its name."""
    try:
        work()
    except Refused as error:
        sys.stderr.write(f"{tool}: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{tool}: interrupted\n")
        return INTERRUPTED
    return 0


def pulumi(*arguments: str, folder: Path, given: str | None = None) -> str:
    """Run pulumi in `folder`; return what it prints.

    Args:
        given: what it reads from standard input. It is in no message.

    Raises:
        Refused: with Pulumi's own words, where it fails or is not there.
    """
    process = _start(arguments, folder, subprocess.PIPE)
    stdout, stderr = process.communicate(given or "")
    if process.returncode != 0:
        words = (stderr or stdout).strip()
        raise Refused(f"pulumi {' '.join(arguments)} failed: {words}")
    return str(stdout)


def pulumi_shown(*arguments: str, folder: Path) -> None:
    """Run pulumi in `folder`; what it prints is shown as it comes.

    Ctrl-C ends Pulumi, which is waited for: killed, it would leave the stack locked.

    Raises:
        Refused: it fails, or is not there.
    """
    process = _start(arguments, folder, None)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        code = process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    if code != 0:
        raise Refused(f"pulumi {' '.join(arguments)} failed: its words are above")


def _start(arguments: tuple[str, ...], folder: Path, output: int | None) -> subprocess.Popen[Any]:
    try:
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=folder,
            env=os.environ | KEY_OF_THE_STATE,
            stdin=subprocess.DEVNULL if output is None else output,
            stdout=output,
            stderr=output,
            text=True,
        )
    except FileNotFoundError:
        raise Refused("pulumi is not on PATH: see docs/exoscale.md") from None
