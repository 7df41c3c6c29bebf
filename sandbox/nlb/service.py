"""What a load balancer is told: its services, in the words of Exoscale's API."""

from dataclasses import dataclass
from typing import Literal

Strategy = Literal["round-robin", "source-hash", "maglev-hash"]


@dataclass(frozen=True)
class HealthCheck:
    """How a target is asked whether it is well; seconds.

    Its port is the same on each target. `retries` is how many checks more than one have to fail
    until the target counts as failed.
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
    """A port of a load balancer's address, and the targets (addresses) that it sends to."""

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
        """Where clients reach it."""
        return self.address, self.port
