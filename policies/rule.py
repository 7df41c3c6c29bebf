"""Rules: a description, and a function that finds violations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Resource:
    """A resource declared by a program."""

    type: str
    """Its type token, such as `kubernetes:apps/v1:Deployment`."""
    name: str
    """Its name in the program."""
    urn: str
    inputs: Mapping[str, Any]
    """Its inputs, with the keys of the provider's schema."""
    protect: bool = False
    """Whether Pulumi refuses to delete it."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Returns the labels of a Kubernetes object."""
        return _within(self.inputs, "metadata", "labels")

    @property
    def spec(self) -> Mapping[str, Any]:
        """Returns the specification of a Kubernetes object."""
        return _within(self.inputs, "spec")


def _within(inputs: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inputs = inputs.get(key) or {}
    return inputs


class Finding(NamedTuple):
    """A violation: what is wrong with a resource and what to write instead, in one line."""

    resource: Resource
    message: str


@dataclass(frozen=True)
class Rule:
    """A rule on single resources."""

    name: str
    """Its name in findings and in the configuration of the pack."""
    description: str
    """What it requires, in a sentence."""
    check: Callable[[Resource], Iterable[str]]
    """Yields the message of each finding."""


@dataclass(frozen=True)
class StackRule:
    """A rule on several resources."""

    name: str
    description: str
    check: Callable[[Sequence[Resource]], Iterable[Finding]]
