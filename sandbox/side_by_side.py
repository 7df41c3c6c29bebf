"""Running several jobs at the same time."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def side_by_side(jobs: Sequence[Callable[[], Result]], at_once: int) -> list[Result]:
    """Run the jobs, at most `at_once` at a time and the first ones first; return their results.

    When one raises, what is under way is finished, nothing more is begun, and the error of the
    first job that has one is raised.
    """
    stopped = threading.Event()

    def run(job: Callable[[], Result]) -> Result | None:
        if stopped.is_set():
            return None
        try:
            return job()
        except BaseException:
            stopped.set()
            raise

    pool = ThreadPoolExecutor(at_once)
    try:
        running = [pool.submit(run, job) for job in jobs]
        pool.shutdown()
        results = [future.result() for future in running]
    finally:
        stopped.set()
        pool.shutdown()
    return [result for result in results if result is not None]
