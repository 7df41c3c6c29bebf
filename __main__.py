"""Read the stack's file, declare what it asks for, export what users need."""

import atexit
import gc


def leave_garbage_alone() -> None:
    """Look for no garbage, also not at the end: the SDKs make next to none.

    Looking for it took 0.6 s of the 1.35 s of CPU that the program of the stack `local` needed.
    """
    gc.disable()
    atexit.register(gc.freeze)


leave_garbage_alone()

import pulumi

from components.stack import declare
from settings.checks.stack_checks import warnings
from settings.load import load

settings = load()
for warning in warnings(settings):
    pulumi.warn(warning)
for name, value in declare(settings).items():
    pulumi.export(name, value)
