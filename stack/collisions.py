"""Rejects settings that declare the same object twice, before the first resource is created.

The engine identifies a resource by its type, its name and the types of its parents. Kubernetes
identifies an object by its kind, namespace and name, unless the name is generated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pulumi
from pulumi.runtime.settings import SETTINGS

from components.manifests.names import name_in_program


@contextmanager
def reject_collisions() -> Iterator[None]:
    """Requires that all resources that are declared in its block differ.

    The SDK creates resources after the whole program has run, and also if the program fails. If
    the block fails, none of its resources are created.

    Raises:
        pulumi.RunError: an object is declared twice. The message names the object, and the
            components that declare it.
    """
    declared = _Declared()
    before = asyncio.all_tasks()
    pulumi.runtime.register_stack_transformation(declared.add)
    try:
        yield
        declared.require_unique()
    except Exception as error:
        _create_nothing(error, asyncio.all_tasks() - before)
        raise


class _Declared:
    """The resources that the program has declared, and the objects that several declare."""

    def __init__(self) -> None:
        self._parents: dict[pulumi.Resource | None, tuple[tuple[str, str], ...]] = {None: ()}
        self._first: dict[tuple[object, ...], str] = {}
        self._repeated: dict[tuple[str, str], dict[str, None]] = {}

    def add(self, args: pulumi.ResourceTransformationArgs) -> None:
        """Adds a resource. It is a transformation, which changes nothing."""
        parents = self._parents.get(args.opts.parent, ())
        self._parents[args.resource] = (*parents, (args.type_, args.name))
        owner = (
            " of ".join(f"{_kind(kind)} {name}" for kind, name in reversed(parents)) or "the stack"
        )
        for identity in _identities(args, [kind for kind, _ in parents]):
            if identity in self._first:
                both = self._first[identity], owner
                self._repeated.setdefault(both, {})[_shown(args)] = None
            self._first.setdefault(identity, owner)

    def require_unique(self) -> None:
        """Raises an error with a line for each two components that declare the same objects."""
        if self._repeated:
            lines = [_line(*owners, objects) for owners, objects in self._repeated.items()]
            raise pulumi.RunError(
                "settings declare the same object twice, nothing was changed:\n"
                + "\n".join(f"  {line}" for line in lines)
            )


def _identities(
    args: pulumi.ResourceTransformationArgs, parents: list[str]
) -> Iterator[tuple[object, ...]]:
    """Yields what identifies the resource for the engine, and for Kubernetes if it is created."""
    yield "engine", *parents, args.type_, args.name
    name = _metadata(args).get("name")
    if isinstance(name, str) and args.opts.id is None:
        yield "kubernetes", args.type_, _metadata(args).get("namespace"), name


def _metadata(args: pulumi.ResourceTransformationArgs) -> dict[str, object]:
    found = args.props.get("metadata") if args.type_.startswith("kubernetes:") else None
    return found if isinstance(found, dict) else {}


def _kind(type_: str) -> str:
    return type_.rpartition(":")[2]


def _shown(args: pulumi.ResourceTransformationArgs) -> str:
    """Returns the kind and name of an object, `Service NAMESPACE/NAME`."""
    namespace = _metadata(args).get("namespace")
    name = args.name.removesuffix(name_in_program("", f"{namespace}"))
    return f"{_kind(args.type_)} {f'{namespace}/' if namespace else ''}{name}"


def _line(first: str, second: str, objects: Iterable[str]) -> str:
    both = f"{first} twice" if first == second else f"{first} and by {second}"
    return f"{' and '.join(objects)}: declared by {both}: give one of the two another name"


def _create_nothing(error: Exception, registrations: set[asyncio.Task[object]]) -> None:
    """Makes the SDK report the error without creating the resources that the program declared.

    The SDK registers each resource in a task, which starts after the program. An earlier error in
    one of them ends the program at once.

    Source: pulumi, sdk/python/lib/pulumi/runtime/stack.py, `wait_for_rpcs`.
    """
    for task in registrations:
        task.cancel()
    manager = SETTINGS.rpc_manager
    manager.unhandled_exception, manager.exception_traceback = error, error.__traceback__
