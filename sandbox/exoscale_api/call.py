"""A request, in the form that handlers take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.exoscale_api.errors import NotFound
from sandbox.exoscale_api.jobs import Jobs, Reference
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.store import Json, Store


@dataclass(frozen=True)
class Call:
    """A request that conforms to the OpenAPI document. Without a body, `body` is empty."""

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
        """Returns the resource.

        Raises:
            NotFound: if the organization, or `zone` if given, doesn't have it.
        """
        resource = self.store.find(kind, id_, zone=zone)
        if resource is None:
            raise NotFound(f"{kind} {id_} not found")
        return resource

    def done(self, kind: str, id_: str) -> Json:
        """Returns the answer of an asynchronous operation that has already succeeded."""
        return self.jobs.done(Reference.to(kind, id_))

    def begin(self, task: str, kind: str, id_: str) -> Json:
        """Starts a task with the resource's ID as `id`, and returns the operation's answer."""
        return self.jobs.begin(task, {"id": id_}, Reference.to(kind, id_))


Handler = Callable[[Call], Any]
