"""The interface of a forge, GitHub or GitLab."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Protocol

from tools.pulumi_command import ToolError


class Forge(Protocol):
    """A repository at a forge. Comments and issues are identified by a marker."""

    def comment(self, number: int, marker: str, body: str) -> str:
        """Creates or updates a comment on a pull request and returns its URL."""

    def issue(self, marker: str, title: str, body: str) -> str:
        """Creates or updates an open issue and returns its URL."""

    def close_issue(self, marker: str) -> str | None:
        """Closes an open issue and returns its URL, or None if there is none."""

    def open_requests(self) -> Iterator[int]:
        """Returns the numbers of the open pull requests."""


def marked(marker: str, body: str) -> str:
    """Returns a text with a marker, which is not visible to readers."""
    return f"{marker_line(marker)}\n{body}"


def marker_line(marker: str) -> str:
    """Returns the first line of a text with the marker."""
    return f"<!-- {marker} -->"


def has_marker(body: str | None, marker: str) -> bool:
    """Returns whether a text has the marker."""
    return (body or "").startswith(marker_line(marker))


def required_variable(*names: str, variables: Mapping[str, str] = os.environ) -> str:
    """Returns the value of the first environment variable that is set.

    Raises:
        ToolError: none of the variables is set.
    """
    for name in names:
        if value := variables.get(name):
            return value
    raise ToolError(f"{' or '.join(names)} is not set")
