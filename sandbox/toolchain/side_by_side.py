"""Running several jobs at the same time."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

Result = TypeVar("Result")


def side_by_side(
    jobs: Sequence[Callable[[], Result]], at_once: int, stopped: threading.Event | None = None
) -> list[Result]:
    """Run the jobs, at most `at_once` at a time and the first ones first; return their results.

    When one raises, or Ctrl-C is pressed, nothing more is begun and `stopped` is set, at which
    those under way may end; then the first error is raised.
    """
    stopped = stopped or threading.Event()
    failures: list[BaseException] = []

    def run(job: Callable[[], Result]) -> Result | None:
        if stopped.is_set():
            return None
        try:
            return job()
        except BaseException as error:
            failures.append(error)
            stopped.set()
            return None

    pool = ThreadPoolExecutor(at_once)
    try:
        running = [pool.submit(run, job) for job in jobs]
        wait(running)
    finally:
        stopped.set()
        pool.shutdown()
    if failures:
        raise failures[0]
    results = [future.result() for future in running]
    return [result for result in results if result is not None]
