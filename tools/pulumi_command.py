"""Runs pulumi for the tools."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STATE_SECRETS_PROVIDER = {"PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true"}
"""Makes Pulumi use the secrets provider of the state where the stack's file names none."""


class ToolError(Exception):
    """Why a command of the tools failed: one clear message."""


def pulumi_output(*arguments: str, folder: Path, stdin: str | None = None) -> str:
    """Runs pulumi in `folder` and returns its standard output.

    Args:
        stdin: the standard input of the command. No message contains it.

    Raises:
        ToolError: pulumi fails, with its own message, or is not installed.
    """
    done = run_pulumi(*arguments, folder=folder, stdin=stdin)
    if done.returncode != 0:
        message = (done.stderr or done.stdout).strip()
        raise ToolError(f"pulumi {' '.join(arguments)} failed: {message}")
    return done.stdout


def run_pulumi(
    *arguments: str,
    folder: Path,
    stdin: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs pulumi in `folder` and returns its exit code and its output.

    Args:
        stdin: the standard input of the command.
        variables: environment variables to add.

    Raises:
        ToolError: pulumi is not installed.
    """
    pipe = subprocess.PIPE
    with _start(arguments, folder, variables, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        stdout, stderr = process.communicate(stdin or "")
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def run_pulumi_in_foreground(*arguments: str, folder: Path) -> int:
    """Runs pulumi in `folder`, shows its output to the user, and returns its exit code.

    On Ctrl-C, this process waits until Pulumi has ended: a killed Pulumi leaves the stack locked.

    Raises:
        ToolError: pulumi is not installed.
    """
    sys.stdout.flush()
    process = _start(arguments, folder, stdin=subprocess.DEVNULL)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _start(
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
        raise ToolError("pulumi is not on PATH: see docs/getting-started.md") from None
