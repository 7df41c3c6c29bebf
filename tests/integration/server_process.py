"""A server of another make, from a package that brings its program, on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.integration.polling import eventually


@contextmanager
def server_process(
    program: str,
    *arguments: str,
    log: Path,
    ready: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run a program of this Python's packages until the block ends; what it holds is lost.

    Args:
        log: the file for what it says.
        ready: whether it answers; OSError means not yet.
        environment: variables that it has beside this process's.
    """
    with log.open("wb") as said:
        process = subprocess.Popen(
            [Path(sys.prefix) / "bin" / program, *arguments],
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return ready()
        except OSError:
            return False

    try:
        eventually(answers)
        yield
    finally:
        process.kill()
        process.wait()
