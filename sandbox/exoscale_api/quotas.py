"""Quotas. Exoscale sets them per organization; the sandbox has its own limits."""

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.exoscale_api.errors import Forbidden, NotFound
from sandbox.exoscale_api.faults import Faults
from sandbox.exoscale_api.store import Json, Store


@dataclass(frozen=True)
class Quota:
    """The maximum number of resources of a kind in the organization."""

    name: str
    """Exoscale's name, which is not always the name of the kind."""
    kind: str
    limit: int


class Quotas:
    def __init__(self, store: Store, faults: Faults, quotas: Iterable[Quota]) -> None:
        self._store = store
        self._faults = faults
        self._quotas = {quota.name: quota for quota in quotas}

    @property
    def names(self) -> list[str]:
        return list(self._quotas)

    def get(self, name: str) -> Json:
        """Returns the quota in the format of the API.

        Raises:
            NotFound: if it doesn't exist.
        """
        quota = self._quotas.get(name)
        if quota is None:
            raise NotFound(f"quota {name} not found")
        usage = len(self._store.list(quota.kind))
        limit = self._faults.quota(name, quota.limit)
        return {"resource": name, "usage": usage, "limit": limit}

    def enforce(self, quota: Quota, more: int = 1) -> None:
        """Checks that `more` resources don't exceed the quota.

        Raises:
            Forbidden: if they do.
        """
        found = self.get(quota.name)
        if found["usage"] + more > found["limit"]:
            raise Forbidden(
                f"Quota exceeded: {found['usage']} of {found['limit']} {quota.name} in use, "
                f"{more} more asked for"
            )
