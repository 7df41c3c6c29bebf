"""Finds out which publishers can be reached: once per run, all in parallel."""

import threading
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

import requests

from sandbox.toolchain.download import session

PROBE_SECONDS = 3.0
"""Timeout for all publishers together, also if a publisher or the name server hangs."""

_answered: dict[str, bool] = {}


def host(address: str) -> str:
    """Returns the host of a URL, with the port if the URL has one."""
    return urlsplit(address).netloc


def unreachable_hosts(addresses: Iterable[str]) -> list[str]:
    """Returns the hosts of `addresses` that don't answer or reject the request, sorted.

    Each host gets one request per run, for the first of its addresses. 404 counts as reachable.
    """
    first = {host(address): address for address in reversed(list(addresses))}
    threads = [
        # Not in a pool, because at exit Python would wait for a thread that hangs.
        threading.Thread(target=_probe, args=(name, address), daemon=True)
        for name, address in first.items()
        if name not in _answered
    ]
    deadline = time.monotonic() + PROBE_SECONDS
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return sorted(name for name in first if not _answered.setdefault(name, False))


def _probe(name: str, address: str) -> None:
    try:
        answer = session().head(address, timeout=PROBE_SECONDS, allow_redirects=False)
        _answered.setdefault(name, answer.ok or answer.status_code == 404)
    except requests.RequestException:
        _answered.setdefault(name, False)
