"""The organization whose API is served: what it has, and what runs its clusters."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.exoscale_api.faults import Faults
from sandbox.exoscale_api.sks_runtime import SksRuntime
from sandbox.exoscale_api.store import Store


@dataclass(frozen=True)
class Organization:
    """`quotas`: how many of a resource it may have, by Exoscale's resource names."""

    store: Store
    runtime: SksRuntime
    base_url: str
    zones: tuple[str, ...]
    quotas: Mapping[str, int]
    faults: Faults
