"""Rejects settings that declare the same object twice, which would fail during `pulumi up`."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.problem import Problem, path
from components.manifests.names import name_in_program
from stack.args import StackArgs
from stack.declared import Declared, declared_resources


def check_collisions(settings: StackArgs) -> Iterator[Problem]:
    """Yields one problem for each pair of settings that declare the same object.

    Two applications with the same name share all their objects. `repeated_names` reports them.
    """
    names = [app.name for app in settings.apps]
    if len(names) > len(set(names)):
        return
    found: dict[tuple[object, ...], Declared] = {}
    reported = set()
    for each in declared_resources(settings):
        for identity in _identities(each):
            first = found.setdefault(identity, each)
            pair = first.place, each.place
            if first is not each and pair not in reported and not _one_name_twice(first, each):
                reported.add(pair)
                yield Problem(each.place, each.value, _reason(each, first))


def _identities(each: Declared) -> Iterator[tuple[object, ...]]:
    """Yields what identifies the resource for the engine, and for Kubernetes."""
    yield "engine", each.component, each.kind, each.logical_name
    if each.name:
        yield "kubernetes", each.kind, each.namespace, each.name


def _one_name_twice(first: Declared, each: Declared) -> bool:
    """Whether a list has the same name twice, which `repeated_names` reports."""
    one_list = each.place[-1] == "name" or each.place[:-1] == first.place[:-1]
    return one_list and first.value == each.value


def _reason(each: Declared, first: Declared) -> str:
    where = f" in the namespace {each.namespace}" if each.namespace else ""
    name = each.logical_name.removesuffix(name_in_program("", each.namespace or ""))
    return (
        f"would be the {each.kind.rpartition(':')[2]} {name}{where}, as "
        f"{path(first.place)} is already; give one of them another name"
    )


CHECKS = (check_collisions,)
