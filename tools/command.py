"""Runs a command of the tools and reports its errors."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

from tools.pulumi_command import ToolError

INTERRUPTED = 128 + signal.SIGINT
"""The exit code of a command that Ctrl-C ended, as in shells."""


def run_tool(name: str, act: Callable[[], None]) -> int:
    """Runs a command and returns its exit code. An error is written after the command's `name`."""
    try:
        act()
    except ToolError as error:
        sys.stdout.flush()
        sys.stderr.write(f"{name}: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{name}: interrupted\n")
        return INTERRUPTED
    return 0
