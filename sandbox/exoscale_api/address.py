"""Free addresses.

Resources have theirs from the ranges reserved for documentation (RFC 5737, RFC 3849): no machine
answers at them, and none elsewhere is ever reached by mistake. Load balancers that carry traffic
have theirs from the loopback network.
"""

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network


def free_address(networks: Iterable[IPv4Network], used: set[str]) -> str:
    """The first address that is not used; raises LookupError if there is none."""
    for network in networks:
        for host in network.hosts():
            if str(host) not in used:
                return str(host)
    raise LookupError("every public address is in use")


def free_in_range(start: str, end: str, used: Collection[str]) -> str:
    """The first address from `start` to `end` that is not used; raises LookupError."""
    for number in range(int(IPv4Address(start)), int(IPv4Address(end)) + 1):
        if (free := str(IPv4Address(number))) not in used:
            return free
    raise LookupError(f"every address from {start} to {end} is in use")
