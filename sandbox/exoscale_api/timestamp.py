"""Dates as the API writes them."""

from datetime import UTC, datetime


def now() -> str:
    """The present, in UTC to the second: 2026-11-22T15:04:05Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
