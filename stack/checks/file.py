"""Checks of the stack's file itself, which also run if other settings are invalid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from components.args.errors import set_secret_command
from components.args.problem import HIDDEN, Place, line, path
from components.args.secret import secret_places
from stack.args import StackArgs
from stack.encrypted import Encrypted

NAMED = (("cluster", "nodepools"), ("cluster", "firewallRules"), ("namespaces",), ("apps",))
"""Lists whose items must have different names."""


def cluster_problems(values: Mapping[str, Any]) -> list[str]:
    """Returns a line if the stack has no cluster, or both `cluster` and `existingCluster`."""
    if "cluster" in values and "existingCluster" in values:
        return ["existingCluster: must not be given with cluster: a stack has one of the two"]
    if "cluster" not in values and "existingCluster" not in values:
        return ["cluster: is missing: cluster or existingCluster is required"]
    return []


def unencrypted_secrets(values: Mapping[str, Any], encrypted: Encrypted) -> list[str]:
    """Returns a line for each secret that is in clear text in the stack's file."""
    return [
        f"{path(found)}: {HIDDEN}: must be encrypted: {set_secret_command(found)}"
        for place, clear in secret_places(StackArgs)
        for found, value in _at(values, place)
        if value and not (clear and clear.is_clear(value)) and not encrypted.may_be_encrypted(found)
    ]


def misplaced_secrets(values: Mapping[str, Any], encrypted: Encrypted) -> list[str]:
    """Returns a line for each encrypted value whose key is not secret.

    Such a value would be in clear text in the stack's state, in its backups and history, and in
    the output of a preview.
    """
    known = [place for place, _ in secret_places(StackArgs)]
    problems: list[str] = []
    for key, found in encrypted.places.items():
        here = [value for place in known if place[0] == key for _, value in _at(values, place)]
        places: Iterable[Place] = found or (() if any(here) else ((key,),))
        wrong = [place for place in places if not any(_fits(place, each) for each in known)]
        problems += [
            f"{path(place)}: {HIDDEN}: must not be encrypted, because it would be in clear text in "
            f"the stack's state: {_where_it_belongs(place, known)}"
            for place in wrong
        ]
    return problems


def _fits(place: Place, pattern: Sequence[str]) -> bool:
    return len(place) == len(pattern) and all(
        each in ("*", part) for part, each in zip(place, pattern, strict=True)
    )


def _where_it_belongs(place: Place, known: Iterable[Sequence[str]]) -> str:
    match place:
        case ("apps", int(), "environment" | "files" as kind, name) | (
            "apps",
            int(),
            "config",
            "environment" | "files" as kind,
            name,
        ):
            return f"it belongs in {path((*place[:2], 'secrets', kind, name))}"
    here = ", ".join(".".join(each) for each in known if each[0] == place[0])
    return f"only {here} can be secret" if here else f"nothing in {place[0]} can be secret"


def repeated_names(values: Mapping[str, Any], secret: Collection[str] = ()) -> list[str]:
    """Returns a line for each name that several items of a list have."""
    problems = []
    for location in NAMED:
        names = Counter(
            name for _, name in _at(values, (*location, "*", "name")) if isinstance(name, str)
        )
        problems += [
            line(location, name, "two have this name; each must differ", secret)
            for name, count in names.items()
            if count > 1
        ]
    return problems


def _at(values: Any, place: Sequence[str]) -> Iterator[tuple[Place, Any]]:
    """Yields the paths and values that match `place`, in which `*` matches any key or index."""
    if not place:
        yield (), values
        return
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(values, Mapping):
        items = values.items()
    elif isinstance(values, list):
        items = enumerate(values)
    for key, value in items:
        if place[0] in (key, "*"):
            for rest, found in _at(value, place[1:]):
                yield (key, *rest), found
