"""The account: its state, its pending work and what runs its clusters, as the services see them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.exoscale_api.errors import NotFound
from sandbox.exoscale_api.faults import Faults
from sandbox.exoscale_api.operations import Operations
from sandbox.exoscale_api.sks_runtime import SksRuntime
from sandbox.exoscale_api.store import Json, Store


@dataclass(frozen=True)
class Account:
    """`quotas`: how many of a resource the account may have, by Exoscale's resource names."""

    store: Store
    operations: Operations
    runtime: SksRuntime
    base_url: str
    zones: tuple[str, ...]
    quotas: Mapping[str, int]
    faults: Faults


@dataclass(frozen=True)
class Call:
    """A request that the OpenAPI document allows; `body` is empty where none was sent."""

    account: Account
    zone: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def store(self) -> Store:
        return self.account.store

    def require(self, kind: str, id_: str, *, zone: str | None = None) -> Json:
        """The resource; raises NotFound where the account (or that zone of it) has none."""
        resource = self.store.find(kind, id_, zone=zone)
        if resource is None:
            raise NotFound(f"{kind} {id_} not found")
        return resource


Handler = Callable[[Call], Any]
