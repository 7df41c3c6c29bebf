"""What a file of `resources/` says of its Exoscale resource."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sandbox.exoscale_api.call import Handler
from sandbox.exoscale_api.jobs import Jobs, Task
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.quotas import Quota
from sandbox.exoscale_api.store import Json

Recover = Callable[[Organization, Jobs, Iterable[str]], None]


def _nothing(_: Json) -> Json:
    return {}


@dataclass(frozen=True)
class Listing:
    """How `sandbox status` lists the resources of a kind: as JSON, and as a table of that."""

    name: str
    """Of the list in the JSON: sks-clusters."""
    fields: tuple[str, ...]
    """What the JSON has of each. Besides its own fields a resource has `zone`, `parent` (an id) and
    `fault` (the id of the fault that keeps it from being Ready), each null where there is none.
    """
    columns: Mapping[str, str | Callable[[Json], object]]
    """The table: heads, and what is below: a field, or a function of what the JSON has of each.
    `parent` is the name of that here.
    """
    derived: Callable[[Json], Json] = _nothing
    """More fields, made of the stored resource."""
    within: str | None = None
    """The kind of the parent, whose entry has the list; None for a list of its own."""
    position: int = 100
    """Lists of their own stand in this order."""


@dataclass(frozen=True)
class Resource:
    """All that the server knows of a resource."""

    kind: str
    """Exoscale's name of it, in paths and operations; what is stored is stored under it."""
    operations: Mapping[str, Handler]
    """What is simulated, by operationId."""
    tasks: Mapping[str, Task] = field(default_factory=dict)
    """Work of its jobs, by the name it is stored under: after a restart it is found by that."""
    quota: Quota | None = None
    status: Listing | None = None
    resume: Callable[[Organization], list[str]] | None = None
    """Brings back what ran before the server ended; returns a line for each failure."""
    recover: Recover | None = None
    """Begins to make instances Ready that a fault, now cleared, kept from it; takes their ids."""
