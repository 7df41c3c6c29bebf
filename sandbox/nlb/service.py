"""The services of a load balancer, with the terms of Exoscale's API."""

from dataclasses import dataclass
from typing import Literal

Strategy = Literal["round-robin", "source-hash", "maglev-hash"]


@dataclass(frozen=True)
class HealthCheck:
    """The health check of a service. Interval and timeout are in seconds.

    The port is the same on each target. A target fails when `retries` + 1 consecutive checks fail.
    """

    mode: Literal["tcp", "http", "https"]
    port: int
    interval: float
    timeout: float
    retries: int
    uri: str = "/"
    tls_sni: str | None = None


@dataclass(frozen=True)
class Service:
    """A port of a load balancer's address, and the addresses of its targets."""

    id: str
    address: str
    protocol: Literal["tcp", "udp"]
    port: int
    target_port: int
    strategy: Strategy
    health_check: HealthCheck
    targets: tuple[str, ...]

    @property
    def place(self) -> tuple[str, int]:
        """The address and the port that clients connect to."""
        return self.address, self.port
