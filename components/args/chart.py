"""Helm charts, and the settings that name another one than the official chart."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple, Protocol

from pydantic import Field, StrictStr

from .types import matches


class Chart(NamedTuple):
    """An official Helm chart."""

    name: str
    repository: str
    version: str


class ChartSettings(Protocol):
    """Settings of a chart. Each one is None for that of the official chart."""

    @property
    def chart(self) -> str | None:
        """Name of the chart in the repository, or a path that starts with . or /."""

    @property
    def repository(self) -> str | None:
        """URL of the chart repository, not used for a path."""

    @property
    def version(self) -> str | None:
        """Version of the chart."""


ChartName = Annotated[StrictStr, Field(min_length=1, examples=["./chart"])]


def chart_repository(example: str) -> Any:
    """Returns the constraint of a chart repository's URL."""
    return matches(r"(https?|oci)://\S+", "an address that starts with https:// or oci://", example)
