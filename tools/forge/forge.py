"""What is asked of a forge, GitHub or GitLab."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Protocol

from tools.pulumi_command import ToolError


class Forge(Protocol):
    """A repository at a forge. What has a marker is found again by it."""

    def comment(self, number: int, marker: str, body: str) -> str:
        """Write a pull request's comment, anew or in place; return its address."""

    def issue(self, marker: str, title: str, body: str) -> str:
        """Write an open issue, anew or in place; return its address."""

    def close_issue(self, marker: str) -> str | None:
        """Close an open issue; return its address, if there was one."""

    def open_requests(self) -> Iterator[int]:
        """The numbers of the pull requests that are open."""


def marked(marker: str, body: str) -> str:
    """A text with a marker, which readers do not see."""
    return f"{marker_line(marker)}\n{body}"


def marker_line(marker: str) -> str:
    """The line that a marked text begins with."""
    return f"<!-- {marker} -->"


def has_marker(body: str | None, marker: str) -> bool:
    """Whether a text is the one with the marker."""
    return (body or "").startswith(marker_line(marker))


def required_variable(*names: str, variables: Mapping[str, str] = os.environ) -> str:
    """The value of the first variable that is set.

    Raises:
        ToolError: naming them all, if none is.
    """
    for name in names:
        if value := variables.get(name):
            return value
    raise ToolError(f"{' or '.join(names)} is not set")
