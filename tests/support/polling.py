"""Waiting for something to become so, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(probe: Callable[[], T], within: float = 60) -> T:
    """Return the first true answer of `probe`; fail with its last one after `within` seconds."""
    deadline = time.monotonic() + within
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"still {answer!r} after {within} s"
        time.sleep(0.1)
    return answer
