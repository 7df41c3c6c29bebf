"""Selects loopback ports for the servers of clusters."""

import random
import socket
from collections.abc import Iterable

_RANGE = range(20000, 30000)
"""Below the kernel's ephemeral range (32768 and up), so that no client socket uses these ports."""


def free_ports(count: int, taken: Iterable[int] = ()) -> list[int]:
    """Returns `count` ports that are not in use and not in `taken`.

    Raises:
        OSError: if there are not enough free ports.
    """
    found: list[int] = []
    candidates = list(set(_RANGE) - set(taken))
    random.shuffle(candidates)
    for port in candidates:
        if len(found) == count:
            return found
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    raise OSError(f"no {count} free ports on 127.0.0.1 between {_RANGE.start} and {_RANGE.stop}")
