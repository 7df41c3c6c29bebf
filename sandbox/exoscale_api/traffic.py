"""What the API needs of the thing that carries load balancers' traffic."""

from collections.abc import Collection, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Protocol

from sandbox.nlb.service import Service


class Traffic(Protocol):
    """Every method is thread-safe."""

    @property
    def network(self) -> IPv4Network:
        """Where load balancers have their addresses."""

    def carry(self, services: Sequence[Service]) -> Mapping[str, str]:
        """Carry for these services and no others; why not, by the id of each that can't be."""

    def healthy(self, service_id: str) -> Collection[str]:
        """Addresses of the targets whose health check passes."""
