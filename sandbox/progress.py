"""Progress of long work: live on a terminal, plain lines elsewhere."""

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
"""Seconds between two drawings of the live line."""

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
    """Writes progress to `stream` (standard error unless told otherwise)."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()

    def say(self, title: str, text: str) -> None:
        """Write one finished line about `title`."""
        self._stream.write(f"  {title:<{WIDTH}} {text}\n")
        self._stream.flush()

    @contextmanager
    def step(self, title: str, detail: str) -> Iterator[Step]:
        """Show a step while the block runs, and afterwards its results with the time taken.

        A block that raises leaves no result line: the error says what happened.
        """
        step = Step(title, detail)
        stopped = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(step, stopped), daemon=True)
        ticker.start()
        try:
            yield step
        finally:
            stopped.set()
            ticker.join()
        for name, result in step.results:
            self.say(name, f"{result}, {duration(time.monotonic() - step.started)}")

    def _tick(self, step: Step, stopped: threading.Event) -> None:
        while True:
            self._draw(step.line())
            if stopped.wait(REDRAW_EVERY if self._live else LINE_EVERY):
                break
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _draw(self, line: str) -> None:
        self._stream.write(f"\r\x1b[K{line[: _columns()]}" if self._live else f"{line}\n")
        self._stream.flush()


def _columns() -> int:
    return shutil.get_terminal_size().columns - 1
