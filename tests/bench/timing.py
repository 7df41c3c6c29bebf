"""Taking the time of commands, one after the other in turns."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

COMMAND_SECONDS = 600


@dataclass(frozen=True)
class Case:
    """Something to take the time of, and what puts everything back afterwards, untimed."""

    run: Callable[[], object]
    undo: Callable[[], object] = lambda: None


def seconds(run: Callable[[], object]) -> float:
    """Return how long `run` takes, in seconds of wall clock."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def medians(cases: Mapping[str, Case], repetitions: int) -> dict[str, float]:
    """Return the median of each case, in seconds. The cases take turns, so that they share luck.

    Every case runs once before that, not counted.
    """
    times: dict[str, list[float]] = {name: [] for name in cases}
    for repetition in range(repetitions + 1):
        for name, case in cases.items():
            taken = seconds(case.run)
            case.undo()
            if repetition:
                times[name].append(taken)
    return {name: median(taken) for name, taken in times.items()}


def command(arguments: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command to its end.

    Raises:
        RuntimeError: with its words, if it fails.
    """
    answer = subprocess.run(
        arguments,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    if answer.returncode != 0:
        words = " ".join(map(str, arguments))
        raise RuntimeError(f"{words} failed:\n{answer.stdout[-3000:]}{answer.stderr[-3000:]}")
