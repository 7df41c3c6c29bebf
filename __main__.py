"""Loads the stack's configuration, declares its resources and exports its outputs."""

import atexit
import gc
import signal


def disable_garbage_collection() -> None:
    """Disables garbage collection, also at exit: the SDKs produce almost no garbage.

    Collection took 0.6 s of the 1.35 s of CPU time that the program of the stack `local` needed.
    """
    gc.disable()
    atexit.register(gc.freeze)


def exit_silently_on_interrupt() -> None:
    """Ends the program at once and without output when the engine interrupts it.

    The engine interrupts a program that still waits for an answer when another operation fails. The
    traceback of Python's KeyboardInterrupt would hide the reason.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


disable_garbage_collection()
exit_silently_on_interrupt()

import pulumi

from stack.checks.whole_stack import notices, warnings
from stack.compose import declare
from stack.load import load

CLI = ">=3.259.0 <4.0.0"
"""Versions of Pulumi's CLI that can run this program."""


def require_cli_version() -> None:
    """Requires a supported version of Pulumi's CLI.

    Raises:
        pulumi.RunError: the CLI has another version. The message has this version and those that
            are supported.
    """
    try:
        pulumi.require_pulumi_version(CLI)
    except Exception as error:  # the SDK raises no more specific class
        raise pulumi.RunError(f"{error}: https://www.pulumi.com/docs/install/") from None


require_cli_version()
settings = load()
for warning in (*warnings(settings), *notices(settings)):
    pulumi.warn(warning)
for name, value in declare(settings).items():
    pulumi.export(name, value)
