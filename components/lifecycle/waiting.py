"""Waits during an update for changes that the cluster makes asynchronously."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pulumi

from .kubernetes_api import ApiError

POLL_SECONDS = 1.0
FIRST_MESSAGE_SECONDS = 5.0
MAX_MESSAGE_SECONDS = 60.0
DENIED = (401, 403)


class WaitTimeoutError(Exception):
    """A condition is not met in time. The message names what is missing and how to fix it."""


async def wait_until(
    condition: Callable[[], Awaitable[str]], *, description: str, timeout: float, hint: str
) -> None:
    """Waits until `condition` returns an empty string.

    Shows what is missing after 5 seconds, then at intervals that grow to 60 seconds. Retries when
    the API server fails with a status other than 401 and 403.

    Args:
        condition: returns what is missing, or an empty string if nothing is.
        description: the object that is waited for. Messages start with it.
        timeout: in seconds.
        hint: how to fix it. The error message ends with it.

    Raises:
        WaitTimeoutError: the condition is not met before the timeout.
        ApiError: the API server denies access.
    """
    start = last_message = time.monotonic()
    pause = FIRST_MESSAGE_SECONDS
    while True:
        try:
            missing = await condition()
        except ApiError as error:
            if error.status in DENIED:
                raise
            missing = str(error)
        if not missing:
            return
        now = time.monotonic()
        if now - start >= timeout:
            raise WaitTimeoutError(f"{description}: after {timeout:.0f} s, {missing}. {hint}")
        if now - last_message >= pause:
            last_message, pause = now, min(2 * pause, MAX_MESSAGE_SECONDS)
            pulumi.info(f"{description}: {missing}")
        await asyncio.sleep(POLL_SECONDS)
