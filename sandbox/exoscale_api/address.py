"""Public addresses, from the ranges reserved for documentation (RFC 5737, RFC 3849).

No machine answers at them, and none elsewhere is ever reached by mistake.
"""

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address

LOAD_BALANCERS = (IPv4Network("203.0.113.0/24"),)
INSTANCES = (IPv4Network("198.51.100.0/24"), IPv4Network("192.0.2.0/24"))

_INSTANCES_V6 = int(IPv6Address("2001:db8::"))


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


def ipv6_of(ipv4: str) -> str:
    """The IPv6 address of the instance that has this IPv4 address."""
    a, b, c, d = (int(part) for part in ipv4.split("."))
    return str(IPv6Address(_INSTANCES_V6 + (a << 24 | b << 16 | c << 8 | d)))
