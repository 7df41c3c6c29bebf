"""What a tool's command says when it can't do what it is asked."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

from tools.pulumi_command import ToolError

INTERRUPTED = 128 + signal.SIGINT
"""The exit code that shells give for it."""


def run_tool(name: str, act: Callable[[], None]) -> int:
    """Do what the command `name` is asked; return its exit code. What is wrong is told."""
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
