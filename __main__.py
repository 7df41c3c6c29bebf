"""Read the stack's file, declare what it asks for, export what users need."""

import gc

gc.disable()  # the SDKs make no garbage: looking for it while they load takes a third of a second

import pulumi

from components.stack import declare
from settings.checks.stack_checks import warnings
from settings.load import load

settings = load()
for warning in warnings(settings):
    pulumi.warn(warning)
for name, value in declare(settings).items():
    pulumi.export(name, value)

gc.freeze()  # ... nor is there any at the end
