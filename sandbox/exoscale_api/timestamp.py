"""Timestamps in the API's format."""

from datetime import UTC, datetime


def now() -> str:
    """Returns the current time in UTC, to the second: 2026-11-22T15:04:05Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
