"""Settings of the firewall: networks, and rules beyond those that the cluster needs."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, StrictStr, ValidationInfo, field_validator

from settings.types import (
    NOT_EMPTY,
    WHOLE_NUMBER_TOO,
    Description,
    DnsLabel,
    Network,
    SettingsModel,
    matches,
)

KUBELET_PORT = 10250
WIDEST = {4: 8, 6: 16}
"""The shortest prefix of a network, by IP version, that is not called open."""

Ports = Annotated[
    StrictStr,
    WHOLE_NUMBER_TOO,
    matches(r"\d{1,5}(-\d{1,5})?", "a port or a range", "443", "8000-8010"),
]


def separate(networks: Sequence[str]) -> None:
    """Check that no network is within another.

    Raises:
        ValueError: naming two that overlap.
    """
    parsed = [ipaddress.ip_network(network) for network in networks]
    for index, one in enumerate(parsed):
        for other in parsed[:index]:
            if one.version == other.version and one.overlaps(other):
                raise ValueError(f"must not overlap, as {other} and {one} do")


def is_open(network: str) -> bool:
    """Whether a network is the whole internet, or a large part of it."""
    parsed = ipaddress.ip_network(network)
    return parsed.prefixlen < WIDEST[parsed.version]


def refuse_open(networks: Sequence[str], allowed: bool | None) -> None:
    """Check that no network is open unless the settings say so.

    Raises:
        ValueError: naming one that is.
    """
    for network in networks:
        if is_open(network) and allowed is False:
            raise ValueError(f"must not have {network}, unless cluster.allowOpenNetworks is true")


def port_range(ports: str) -> tuple[int, int]:
    """The first and the last port of `443` or `8000-8010`."""
    first, _, last = ports.partition("-")
    return int(first), int(last or first)


class FirewallRuleSettings(SettingsModel):
    """One more way into the nodes."""

    name: DnsLabel
    """What tells it from the other rules."""
    description: Description | None = None
    """Text that Exoscale shows. Without it: the name and the source."""
    protocol: Literal["TCP", "UDP", "ICMP"] = "TCP"
    """ICMP is echo, what `ping` sends."""
    sources: Annotated[tuple[Network, ...], *NOT_EMPTY]
    """Networks (CIDR) that may come in."""
    ports: Annotated[Ports | None, Field(validate_default=True)] = None
    """A port or a range. Required for TCP and UDP; ICMP has none."""

    @field_validator("sources")
    @classmethod
    def _separate(cls, sources: tuple[str, ...]) -> tuple[str, ...]:
        separate(sources)
        return sources

    @field_validator("ports")
    @classmethod
    def _suitable(cls, ports: str | None, info: ValidationInfo) -> str | None:
        if ports is None or "protocol" not in info.data:
            if info.data.get("protocol") in ("TCP", "UDP"):
                raise ValueError("must be given for this protocol")
            return ports
        if info.data["protocol"] == "ICMP":
            raise ValueError("must not be given for ICMP")
        first, last = port_range(ports)
        if not 1 <= first <= last <= 65535:
            raise ValueError("must be from 1 to 65535, the lower one first")
        if first <= KUBELET_PORT <= last and any(map(is_open, info.data.get("sources", ()))):
            raise ValueError(f"must not have {KUBELET_PORT}, the kubelet's port, open to everyone")
        return ports
