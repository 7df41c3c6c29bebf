"""Rules on an application's workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...args.inputs import known
from ...args.problem import Place, Problem
from ...database.names import backup_name, database_name
from ..names import (
    CONFIG,
    CONFIG_FILES,
    OWN_LABELS,
    REGISTRY,
    SECRET_FILES,
    SECRETS,
    job_name,
    part_name,
)
from .args import WorkerArgs

if TYPE_CHECKING:
    from ..fields import WebAppFields

LONGEST_NAME = 63
"""The Deployment's name is a label of its pods."""

OWN_PARTS = (
    *(CONFIG, CONFIG_FILES, REGISTRY, SECRET_FILES, SECRETS),
    *(make("").removeprefix("-") for make in (backup_name, database_name, job_name)),
)
"""What other objects of the application have after its name."""


def workers(app: WebAppFields) -> list[tuple[Place, WorkerArgs]]:
    """Returns the application's workers, with their places."""
    return [(("workers", index), each) for index, each in enumerate(app.workers)]


def check_names_of_workers(app: WebAppFields) -> Iterator[Problem]:
    """Rejects a worker's name that another worker or object of the application has."""
    names: set[str] = set()
    for place, worker in workers(app):
        if worker.name in names:
            yield Problem((*place, "name"), worker.name, "must differ from the other workers'")
        if worker.name in OWN_PARTS:
            allowed = f"must be another one than {', '.join(sorted(OWN_PARTS))}"
            yield Problem((*place, "name"), worker.name, allowed)
        names.add(worker.name)


def worker_problems(app: WebAppFields, name: str) -> Iterator[Problem]:
    """Yields what is wrong with the workers of an application together with its name."""
    for place, worker in workers(app):
        whole = part_name(name, worker.name)
        if len(whole) > LONGEST_NAME:
            allowed = f"must be shorter: {whole} has more than {LONGEST_NAME} characters"
            yield Problem((*place, "name"), worker.name, allowed)
        if whole in {each.name for each in (*app.sidecars, *app.init_containers)}:
            allowed = f"must be another one: a container of {name} is named {whole}"
            yield Problem((*place, "name"), worker.name, allowed)
        own = {f"{OWN_LABELS}name": whole, f"{OWN_LABELS}instance": name}
        labels = {**known(app.labels), **own}
        if app.selector and app.selector.items() <= labels.items():
            yield Problem(("selector",), app.selector, f"must not select the pods of {whole} too")
