"""The definition of an Exoscale resource in a file of `resources/`."""

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
    """The list of a kind of resources in `sandbox status`, as JSON and as a table."""

    name: str
    """Name of the list in the JSON, such as sks-clusters."""
    fields: tuple[str, ...]
    """Fields of each resource in the JSON. In addition to its own fields, a resource has `zone`,
    `parent` (an ID) and `fault` (the ID of the fault that keeps it from being Ready). Each of them
    can be null.
    """
    columns: Mapping[str, str | Callable[[Json], object]]
    """Columns of the table: the title, and a field or a function of the JSON. In the table,
    `parent` is the name of the parent.
    """
    derived: Callable[[Json], Json] = _nothing
    """Returns additional fields, which are derived from the stored resource."""
    within: str | None = None
    """Kind of the parent whose entry contains the list; None for a top-level list."""
    position: int = 100
    """Order of top-level lists."""


@dataclass(frozen=True)
class Resource:
    """A kind of resources."""

    kind: str
    """Exoscale's name in paths and operations; also the kind in the store."""
    operations: Mapping[str, Handler]
    """Handlers of the simulated operations by operationId."""
    tasks: Mapping[str, Task] = field(default_factory=dict)
    """Tasks of its jobs by name. The name is stored, so that a restart can find the task."""
    quota: Quota | None = None
    status: Listing | None = None
    resume: Callable[[Organization], list[str]] | None = None
    """Restarts what ran before the server ended; returns a line for each failure."""
    recover: Recover | None = None
    """Lets instances become Ready that a cleared fault blocked; takes their IDs."""
