"""Runs jobs in parallel."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

Result = TypeVar("Result")


def side_by_side(
    jobs: Sequence[Callable[[], Result]], at_once: int, stopped: threading.Event | None = None
) -> list[Result]:
    """Runs the jobs in parallel, started in their order, and returns their results.

    If a job raises an error, or on Ctrl-C, no other job starts and `stopped` is set. When all
    running jobs have ended, the first error is raised.

    Args:
        jobs: the functions to call. Results that are None are omitted.
        at_once: the maximum number of jobs that run at the same time.
        stopped: an event that jobs can check to end early.
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
