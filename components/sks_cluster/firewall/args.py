"""The settings of the firewall: networks and additional rules."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, StrictStr

from ...args.problem import Problem
from ...args.types import (
    NOT_EMPTY,
    WHOLE_NUMBER_TOO,
    Args,
    Description,
    DnsLabel,
    Network,
    matches,
)

KUBELET_PORT = 10250
NODE_PORTS = "30000-32767"
WIDEST = {4: 8, 6: 16}
"""Shortest prefix length, by IP version, of a network that is not considered open."""


def port_range(ports: str) -> tuple[int, int]:
    """Returns the first and the last port of a range such as `8000-8010`, or of a port."""
    first, _, last = ports.partition("-")
    return int(first), int(last or first)


def node_ports_rule(protocol: str) -> str:
    """Returns the name of the rule that opens the NodePorts for a protocol."""
    return "node-ports" if protocol == "TCP" else f"node-ports-{protocol.lower()}"


def _in_order(ports: str) -> str:
    first, last = port_range(ports)
    if not 1 <= first <= last <= 65535:
        raise ValueError("must be from 1 to 65535, the lower port first")
    return ports


Ports = Annotated[
    StrictStr,
    WHOLE_NUMBER_TOO,
    matches(r"\d{1,5}(-\d{1,5})?", "a port or a range", "443", "8000-8010"),
    AfterValidator(_in_order),
]


def _separate(networks: Sequence[str]) -> Sequence[str]:
    parsed = [ipaddress.ip_network(network) for network in networks]
    for index, one in enumerate(parsed):
        for other in parsed[:index]:
            if one.version == other.version and one.overlaps(other):
                raise ValueError(f"must not overlap: {other} and {one}")
    return networks


SEPARATE = AfterValidator(_separate)
"""Checks that networks don't overlap."""


def is_open(network: str) -> bool:
    """Returns whether a network is the whole internet or a large part of it."""
    parsed = ipaddress.ip_network(network)
    return parsed.prefixlen < WIDEST[parsed.version]


class FirewallRuleArgs(Args):
    """A firewall rule of the nodes: allowed incoming traffic."""

    name: DnsLabel
    """Unique name."""
    description: Description | None = None
    """Description that Exoscale shows. Default: the name and the source."""
    protocol: Literal["TCP", "UDP", "ICMP"] = "TCP"
    """Protocol. ICMP allows echo requests (`ping`)."""
    sources: Annotated[tuple[Network, ...], *NOT_EMPTY, SEPARATE]
    """Networks (CIDR) that may connect."""
    ports: Ports | None = None
    """A port or a range of ports. Required for TCP and UDP, not allowed for ICMP."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for ports that the protocol lacks, and for an open kubelet."""
        if self.protocol == "ICMP" and self.ports:
            yield Problem(("ports",), self.ports, "must not be set for ICMP")
        elif self.protocol != "ICMP" and not self.ports:
            yield Problem(("ports",), None, "must be set for TCP and UDP")
        elif self.ports and any(map(is_open, self.sources)):
            first, last = port_range(self.ports)
            if first <= KUBELET_PORT <= last:
                message = f"must not open {KUBELET_PORT}, the kubelet's port, to everyone"
                yield Problem(("ports",), self.ports, message)
