"""Waiting in the middle of an update for what the cluster does by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pulumi

from .kubernetes_api import ApiError

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_TO_MESSAGE = 5.0
MOST_SECONDS_TO_MESSAGE = 60.0
REFUSED = (401, 403)


class NotInTime(Exception):
    """What the user reads: what is still missing, and what to do."""


async def until_nothing_is_missing(
    look: Callable[[], Awaitable[str]], *, what: str, seconds: float, remedy: str
) -> None:
    """Look again and again until nothing is missing any more, and say what is, ever less often.

    Args:
        look: returns what is missing, in words; nothing if all is as it should be. Other errors of
            the API server than a refusal are taken for a passing one.
        what: what is waited for, before the words of `look`.
        remedy: what to do if it stays so.

    Raises:
        NotInTime: after so many seconds.
        ApiError: the API server refuses.
    """
    start = told = time.monotonic()
    pause = SECONDS_TO_MESSAGE
    while True:
        try:
            missing = await look()
        except ApiError as error:
            if error.status in REFUSED:
                raise
            missing = str(error)
        if not missing:
            return
        now = time.monotonic()
        if now - start >= seconds:
            raise NotInTime(f"{what}: after {seconds:.0f} s, {missing}. {remedy}")
        if now - told >= pause:
            told, pause = now, min(2 * pause, MOST_SECONDS_TO_MESSAGE)
            pulumi.info(f"{what}: {missing}")
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
