"""A server of another make, from a package that brings its program, on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.polling import eventually


@dataclass
class ServerProcess:
    """A program of this Python's packages.

    Args:
        log: the file for what it says.
        ready: whether it answers; OSError means not yet.
        environment: variables that it has beside this process's.
    """

    command: tuple[str, ...]
    log: Path
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Run it until `stop`; it answers then."""
        program, *arguments = self.command
        with self.log.open("ab") as said:
            self._process = subprocess.Popen(
                [Path(sys.prefix) / "bin" / program, *arguments],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        try:
            eventually(self._answers)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have no such server until the block ends."""
        self.stop()
        yield
        self.start()

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        try:
            return self.ready()
        except OSError:
            return False


@contextmanager
def server_process(
    *command: str,
    log: Path,
    ready: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> Iterator[ServerProcess]:
    """Run a program until the block ends; arguments are as for ServerProcess."""
    process = ServerProcess(command, log, ready, environment or {})
    process.start()
    try:
        yield process
    finally:
        process.stop()
