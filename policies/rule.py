"""What a rule is: what it wants, and what finds where a stack is otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Resource:
    """A resource as a program declares it."""

    type: str
    """Its type token, such as `kubernetes:apps/v1:Deployment`."""
    name: str
    """Its name in the program."""
    urn: str
    inputs: Mapping[str, Any]
    """What is asked for, with the keys of the provider's schema."""
    protect: bool = False
    """Whether Pulumi refuses to delete it."""

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of a Kubernetes object."""
        return _within(self.inputs, "metadata", "labels")

    @property
    def spec(self) -> Mapping[str, Any]:
        """The specification of a Kubernetes object."""
        return _within(self.inputs, "spec")


def _within(inputs: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inputs = inputs.get(key) or {}
    return inputs


class Finding(NamedTuple):
    """What is wrong about a resource, and what to write: one line."""

    resource: Resource
    message: str


@dataclass(frozen=True)
class Rule:
    """A rule that each resource keeps or breaks by itself."""

    name: str
    """What it is called in findings, and in a configuration of the pack."""
    description: str
    """What it wants, in a sentence."""
    check: Callable[[Resource], Iterable[str]]
    """The message of each finding."""


@dataclass(frozen=True)
class StackRule:
    """A rule on resources together."""

    name: str
    description: str
    check: Callable[[Sequence[Resource]], Iterable[Finding]]
