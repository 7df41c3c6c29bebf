"""Progress of long work: live on a terminal, plain lines elsewhere; steps may run side by side."""

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LINE_EVERY = 15.0
"""Seconds between two plain lines of the same step."""
REDRAW_EVERY = 0.5
"""Seconds between two drawings of the live lines."""

WIDTH = 38
"""Columns of a title."""


def duration(seconds: float) -> str:
    """Return `seconds` as people write it: 8 s, 2 min 05 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Step:
    """Something under way; `detail` is what it does now, `results` the lines that it came to."""

    def __init__(self, title: str, detail: str) -> None:
        self.title = title
        self.detail = detail
        self.results: list[tuple[str, str]] = []
        self.started = time.monotonic()

    def line(self) -> str:
        """Return the line that shows the step while it is under way."""
        return f"  {self.title:<{WIDTH}} {self.detail}, {duration(time.monotonic() - self.started)}"


class Progress:
    """Writes progress to `stream` (standard error unless told otherwise), from any thread."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._lock = threading.Lock()
        self._steps: list[Step] = []
        self._drawn = 0

    def say(self, title: str, text: str) -> None:
        """Write one finished line about `title`."""
        with self._lock:
            self._write(f"  {title:<{WIDTH}} {text}\n")

    @contextmanager
    def step(self, title: str, detail: str) -> Iterator[Step]:
        """Show a step while the block runs, and afterwards its results with the time taken.

        A block that raises leaves no result line: the error says what happened.
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
        """Write `finished`, on a terminal in place of the live lines, which follow it again."""
        if self._live:
            erase = f"\x1b[{self._drawn}A\x1b[J" if self._drawn else ""
            live = "".join(f"{step.line()[: _columns()]}\n" for step in self._steps)
            finished, self._drawn = f"{erase}{finished}{live}", len(self._steps)
        self._stream.write(finished)
        self._stream.flush()


def _columns() -> int:
    return shutil.get_terminal_size().columns - 1
