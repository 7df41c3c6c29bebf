"""Which objects are followed, and what is told of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Watched:
    """Which objects to follow: one kind, all of the namespace or those that the selectors pick."""

    api_version: str
    kind: str
    fields: str | None = None
    labels: str | None = None


def named(api_version: str, kind: str, name: str) -> Watched:
    """The one object of this name."""
    return Watched(api_version, kind, fields=f"metadata.name={name}")


@dataclass(frozen=True)
class Event:
    """A change of an object, as the API server tells it."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    kind: str
    object: dict[str, Any]
