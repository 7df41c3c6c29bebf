"""Which publishers can be reached: asked once a run, all at the same time."""

import threading
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

import requests

from sandbox.toolchain.download import session

PROBE_SECONDS = 3.0
"""How long all of them together may take to answer, where they or the name server hang too."""

_answered: dict[str, bool] = {}


def host(address: str) -> str:
    """Return the host of an address, with its port if it names one."""
    return urlsplit(address).netloc


def out_of_reach(addresses: Iterable[str]) -> list[str]:
    """Return the hosts of `addresses` that do not answer, or refuse, in order of their names.

    A host is asked once a run, for the first of its addresses. That it does not have it is an
    answer too.
    """
    first = {host(address): address for address in reversed(list(addresses))}
    threads = [
        # not of a pool: Python would wait at its end for the one that hangs
        threading.Thread(target=_ask, args=(name, address), daemon=True)
        for name, address in first.items()
        if name not in _answered
    ]
    deadline = time.monotonic() + PROBE_SECONDS
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return sorted(name for name in first if not _answered.setdefault(name, False))


def _ask(name: str, address: str) -> None:
    try:
        answer = session().head(address, timeout=PROBE_SECONDS, allow_redirects=False)
        _answered.setdefault(name, answer.ok or answer.status_code == 404)
    except requests.RequestException:
        _answered.setdefault(name, False)
