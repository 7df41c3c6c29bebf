"""Read the stack's file, declare what it asks for, export what users need."""

import atexit
import gc
import signal


def leave_garbage_alone() -> None:
    """Look for no garbage, also not at the end: the SDKs make next to none.

    Looking for it took 0.6 s of the 1.35 s of CPU that the program of the stack `local` needed.
    """
    gc.disable()
    atexit.register(gc.freeze)


def end_without_a_traceback() -> None:
    """End at once, and say nothing, where the engine interrupts the program.

    That is how it ends one that still waits for an answer when something else has failed: Python's
    KeyboardInterrupt would bury the reason.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


leave_garbage_alone()
end_without_a_traceback()

import pulumi

from stack.checks.whole_stack import notices, warnings
from stack.compose import declare
from stack.load import load

CLI = ">=3.259.0 <4.0.0"
"""The versions of Pulumi's CLI that this program runs with."""


def check_the_cli() -> None:
    """Refuse a CLI of another version.

    Raises:
        pulumi.RunError: naming its version and those that are allowed.
    """
    try:
        pulumi.require_pulumi_version(CLI)
    except Exception as error:  # the SDK has no class for it
        raise pulumi.RunError(f"{error}: https://www.pulumi.com/docs/install/") from None


check_the_cli()
settings = load()
for warning in (*warnings(settings), *notices(settings)):
    pulumi.warn(warning)
for name, value in declare(settings).items():
    pulumi.export(name, value)
