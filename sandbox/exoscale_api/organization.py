"""The organization whose API is served."""

from dataclasses import dataclass

from sandbox.exoscale_api.auth import Credentials
from sandbox.exoscale_api.faults import Faults
from sandbox.exoscale_api.quotas import Quotas
from sandbox.exoscale_api.sks_runtime import SksRuntime
from sandbox.exoscale_api.store import Store
from sandbox.exoscale_api.traffic import Traffic


@dataclass(frozen=True)
class Organization:
    """The owner of the account, in Exoscale's terms: its resources and its SKS runtime."""

    credentials: Credentials
    store: Store
    runtime: SksRuntime
    base_url: str
    zones: tuple[str, ...]
    faults: Faults
    quotas: Quotas
    traffic: Traffic | None
    """Forwards the traffic of load balancers; None if nodes are simulated."""
