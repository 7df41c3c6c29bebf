"""The organization whose API is served: what it has, and what runs its clusters."""

from dataclasses import dataclass

from sandbox.exoscale_api.auth import Credentials
from sandbox.exoscale_api.faults import Faults
from sandbox.exoscale_api.quotas import Quotas
from sandbox.exoscale_api.sks_runtime import SksRuntime
from sandbox.exoscale_api.store import Store
from sandbox.exoscale_api.traffic import Traffic


@dataclass(frozen=True)
class Organization:
    """Exoscale's word for whom an account belongs to."""

    credentials: Credentials
    store: Store
    runtime: SksRuntime
    base_url: str
    zones: tuple[str, ...]
    faults: Faults
    quotas: Quotas
    traffic: Traffic | None
    """None where nodes are simulated: no load balancer carries anything to them."""
