"""Shows the progress of long tasks: live on a terminal, as plain lines elsewhere.

Steps can run in parallel.
"""

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LINE_EVERY = 15.0
"""Interval of the plain lines of a step, in seconds."""
REDRAW_EVERY = 0.5
"""Interval at which the live lines are redrawn, in seconds."""

WIDTH = 38
"""Width of a title, in columns."""


def duration(seconds: float) -> str:
    """Returns `seconds` as text: `8 s`, `2 min 05 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Step:
    """A step in progress.

    Attributes:
        title: the name of the step.
        detail: the current activity; the step may change it.
        results: the lines to show when the step ends, as pairs of a title and a text.
        started: the start of the step, in seconds of the monotonic clock.
    """

    def __init__(self, title: str, detail: str) -> None:
        self.title = title
        self.detail = detail
        self.results: list[tuple[str, str]] = []
        self.started = time.monotonic()

    def line(self) -> str:
        """Returns the line for the step in progress."""
        return f"  {self.title:<{WIDTH}} {self.detail}, {duration(time.monotonic() - self.started)}"


class Progress:
    """Writes progress to `stream` (default: standard error). Its methods are thread-safe."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._lock = threading.Lock()
        self._steps: list[Step] = []
        self._drawn = 0

    def say(self, title: str, text: str) -> None:
        """Writes one line, with `title` in the first column."""
        with self._lock:
            self._write(f"  {title:<{WIDTH}} {text}\n")

    @contextmanager
    def step(self, title: str, detail: str) -> Iterator[Step]:
        """Shows a step while the block runs, and its results with the duration afterwards.

        If the block raises an error, no result is shown.
        """
        step = Step(title, detail)
        stopped = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(step, stopped), daemon=True)
        with self._lock:
            self._steps.append(step)
        ticker.start()
        try:
            yield step
        finally:
            stopped.set()
            ticker.join()
            with self._lock:
                self._steps.remove(step)
                self._write()
        for name, result in step.results:
            self.say(name, f"{result}, {duration(time.monotonic() - step.started)}")

    def _tick(self, step: Step, stopped: threading.Event) -> None:
        while True:
            with self._lock:
                self._write("" if self._live else f"{step.line()}\n")
            if stopped.wait(REDRAW_EVERY if self._live else LINE_EVERY):
                break

    def _write(self, finished: str = "") -> None:
        """Writes the text `finished`; on a terminal, above the live lines, which are redrawn."""
        if self._live:
            erase = f"\x1b[{self._drawn}A\x1b[J" if self._drawn else ""
            live = "".join(f"{step.line()[: _columns()]}\n" for step in self._steps)
            finished, self._drawn = f"{erase}{finished}{live}", len(self._steps)
        self._stream.write(finished)
        self._stream.flush()


def _columns() -> int:
    return shutil.get_terminal_size().columns - 1
