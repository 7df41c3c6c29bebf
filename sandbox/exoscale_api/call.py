"""A request, as the function that answers it takes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.exoscale_api.errors import NotFound
from sandbox.exoscale_api.jobs import Jobs, Reference
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.store import Json, Store


@dataclass(frozen=True)
class Call:
    """A request that the OpenAPI document allows; `body` is empty where none was sent."""

    organization: Organization
    jobs: Jobs
    zone: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def store(self) -> Store:
        return self.organization.store

    def require(self, kind: str, id_: str, *, zone: str | None = None) -> Json:
        """The resource; raises NotFound where the organization (or that zone of it) has none."""
        resource = self.store.find(kind, id_, zone=zone)
        if resource is None:
            raise NotFound(f"{kind} {id_} not found")
        return resource

    def done(self, kind: str, id_: str) -> Json:
        """The answer of an asynchronous operation on the resource that was done at once."""
        return self.jobs.done(Reference.to(kind, id_))

    def begin(self, task: str, kind: str, id_: str) -> Json:
        """The answer of an asynchronous operation whose task is on the resource, its `id`."""
        return self.jobs.begin(task, {"id": id_}, Reference.to(kind, id_))


Handler = Callable[[Call], Any]
