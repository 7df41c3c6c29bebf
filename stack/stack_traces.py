"""Limits the stack traces in the stack's state.

The SDK records the whole stack trace of each resource's creation. With many resources, the traces
are a quarter of the state, which the engine writes after each step.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

FRAMES = 8
"""Number of innermost frames. Five or six of them are the SDK's own, which it leaves out.

Source: pulumi, sdk/python/lib/pulumi/runtime/resource.py, `_get_stack_trace`.
"""


@contextmanager
def short_stack_traces() -> Iterator[None]:
    """Records only the innermost frames. An error that is raised keeps its whole traceback."""
    sys.tracebacklimit = FRAMES
    try:
        yield
    finally:
        del sys.tracebacklimit
