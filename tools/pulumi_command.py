"""Running pulumi for a tool."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STATE_SECRETS_PROVIDER = {"PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true"}
"""A stack whose file is new, or not there, has its secrets by the key that its state has."""


class ToolError(Exception):
    """What a tool can't do: one clear message."""


def pulumi_output(*arguments: str, folder: Path, given: str | None = None) -> str:
    """Run pulumi in `folder`; return what it prints.

    Args:
        given: what it reads from standard input. It is in no message.

    Raises:
        ToolError: with Pulumi's own words, where it fails or is not there.
    """
    done = run_pulumi(*arguments, folder=folder, given=given)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()
        raise ToolError(f"pulumi {' '.join(arguments)} failed: {words}")
    return done.stdout


def run_pulumi(
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
        ToolError: if it is not there.
    """
    pipe = subprocess.PIPE
    with _started(arguments, folder, variables, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        stdout, stderr = process.communicate(given or "")
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def run_pulumi_in_foreground(*arguments: str, folder: Path) -> int:
    """Run pulumi in `folder` in front of the user; return its exit code.

    Ctrl-C ends Pulumi, which is waited for: killed, it would leave the stack locked.

    Raises:
        ToolError: if it is not there.
    """
    sys.stdout.flush()
    process = _started(arguments, folder, stdin=subprocess.DEVNULL)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _started(
    arguments: tuple[str, ...],
    folder: Path,
    variables: Mapping[str, str] | None = None,
    **streams: Any,
) -> subprocess.Popen[str]:
    command = ["pulumi", *arguments, "--non-interactive"]
    environment = {**os.environ, **STATE_SECRETS_PROVIDER, **(variables or {})}
    try:
        return subprocess.Popen(command, cwd=folder, env=environment, text=True, **streams)
    except FileNotFoundError:
        raise ToolError("pulumi is not on PATH: see docs/exoscale.md") from None
