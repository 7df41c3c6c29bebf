"""Checks the names of workers together with those of all applications."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.problem import Problem, path
from components.web_app.names import part_name
from components.web_app.workers.checks import workers
from stack.args import StackArgs


def check_names(settings: StackArgs) -> Iterator[Problem]:
    """Rejects a worker whose objects would have the names of another application's or worker's."""
    taken = {app.name: path(("apps", index)) for index, app in enumerate(settings.apps)}
    for index, app in enumerate(settings.apps):
        for below, worker in workers(app):
            place, name = ("apps", index, *below), part_name(app.name, worker.name)
            if other := taken.get(name):
                allowed = f"must be another one: {name} is the name of {other}"
                yield Problem((*place, "name"), worker.name, allowed)
            taken[name] = path(place)


CHECKS = (check_names,)
