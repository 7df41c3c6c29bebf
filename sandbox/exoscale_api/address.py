"""Selects free addresses.

Resources have addresses from the ranges that are reserved for documentation (RFC 5737, RFC 3849),
so that no real machine can be reached by mistake.
"""

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network


def free_address(networks: Iterable[IPv4Network], used: set[str]) -> str:
    """Returns the first address that is not used.

    Raises:
        LookupError: if there is none.
    """
    for network in networks:
        for host in network.hosts():
            if str(host) not in used:
                return str(host)
    raise LookupError("every public address is in use")


def free_in_range(start: str, end: str, used: Collection[str]) -> str:
    """Returns the first address from `start` to `end` that is not used.

    Raises:
        LookupError: if there is none.
    """
    for number in range(int(IPv4Address(start)), int(IPv4Address(end)) + 1):
        if (free := str(IPv4Address(number))) not in used:
            return free
    raise LookupError(f"every address from {start} to {end} is in use")
