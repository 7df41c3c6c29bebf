"""Applications with their namespaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from components.args.problem import Place
from stack.args import AppArgs, NamespaceArgs, StackArgs


class Namespaced(NamedTuple):
    """An application and its namespace, with their paths.

    A namespace that is not listed has no path.
    """

    place: Place
    app: AppArgs
    namespace_place: Place | None
    namespace: NamespaceArgs


def namespaced(settings: StackArgs) -> Iterator[Namespaced]:
    """Yields each application with its namespace."""
    listed = {each.name: index for index, each in enumerate(settings.namespaces)}
    for number, app in enumerate(settings.apps):
        name = app.namespace_name
        index = listed.get(name)
        if index is None:
            place, namespace = None, NamespaceArgs.model_construct(name=name)
        else:
            place, namespace = ("namespaces", index), settings.namespaces[index]
        yield Namespaced(("apps", number), app, place, namespace)
