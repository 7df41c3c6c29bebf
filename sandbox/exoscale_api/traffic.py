"""The interface to the component that forwards the traffic of load balancers."""

from collections.abc import Collection, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Protocol

from sandbox.nlb.service import Service


class Traffic(Protocol):
    """Forwards traffic. All methods are thread-safe."""

    @property
    def network(self) -> IPv4Network:
        """The network of the load balancers' addresses."""

    def carry(self, services: Sequence[Service]) -> Mapping[str, str]:
        """Replaces the services, and returns the errors by the ID of the service that failed."""

    def healthy(self, service_id: str) -> Collection[str]:
        """Returns the addresses of the targets that pass their health check."""
