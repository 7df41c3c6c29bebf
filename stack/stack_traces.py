"""Short stack traces in the stack's state.

The SDK records for each resource the whole stack of its creation, from Python's start on. With many
resources that is a quarter of a state, which the engine writes after each step.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

FRAMES = 8
"""The innermost frames. Five or six of them are the SDK's, which it leaves out.

Source: pulumi, sdk/python/lib/pulumi/runtime/resource.py, `_get_stack_trace`.
"""


@contextmanager
def short_stack_traces() -> Iterator[None]:
    """Records the innermost frames alone. An error that is raised keeps its whole traceback."""
    sys.tracebacklimit = FRAMES
    try:
        yield
    finally:
        del sys.tracebacklimit
