"""Running pulumi for a tool."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Refused(Exception):
    """What a tool can't do: one clear message."""


def pulumi(*arguments: str, folder: Path, given: str | None = None) -> str:
    """Run pulumi in `folder`; return what it prints.

    Args:
        given: what it reads from standard input. It is in no message.

    Raises:
        Refused: with Pulumi's own words, where it fails or is not there.
    """
    done = finished(*arguments, folder=folder, given=given)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()
        raise Refused(f"pulumi {' '.join(arguments)} failed: {words}")
    return done.stdout


def finished(
    *arguments: str,
    folder: Path,
    given: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run pulumi in `folder`, also where it fails; return its exit code and what it prints.

    Args:
        given: what it reads from standard input.
        variables: what is set in its environment, beside what is there.

    Raises:
        Refused: if it is not there.
    """
    environment = {**os.environ, **(variables or {})}
    return _run(arguments, cwd=folder, env=environment, input=given or "", capture_output=True)


def shown(*arguments: str, folder: Path) -> int:
    """Run pulumi in `folder` in front of the user; return its exit code.

    Raises:
        Refused: if it is not there.
    """
    sys.stdout.flush()
    return _run(arguments, cwd=folder, stdin=subprocess.DEVNULL).returncode


def _run(arguments: tuple[str, ...], **options: Any) -> subprocess.CompletedProcess[str]:
    command = ["pulumi", *arguments, "--non-interactive"]
    try:
        return subprocess.run(command, text=True, **options)
    except FileNotFoundError:
        raise Refused("pulumi is not on PATH: see docs/exoscale.md") from None
