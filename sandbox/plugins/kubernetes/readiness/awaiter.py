"""What waiting for any kind has in common: its state, and its failure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.plugins.kubernetes.readiness.events import Event, Watched

Status = Callable[[str], None]


class NotReady(Exception):
    """An object did not become what was waited for.

    Args:
        reasons: what is wrong, the summary first.
        live: the object as last seen.
    """

    def __init__(self, reasons: Sequence[str], live: dict[str, Any]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)
        self.live = live


class Awaiter(ABC):
    """The state of one object on its way to be ready, fed by the API server's events.

    Attributes:
        live: the object as last seen.
        failed: set once the object can't become ready any more.
        default_timeout: how long to wait unless told otherwise, in seconds.
        goal: what the object is to be, in words.
    """

    default_timeout: float = 600.0
    goal: str = "Ready"

    def __init__(self, live: dict[str, Any], status: Status) -> None:
        self.live = live
        self.status = status
        self.failed = False
        self._first = live

    def expected(self) -> list[dict[str, Any]]:
        """Objects whose absence is an event."""
        return []

    @abstractmethod
    def watched(self) -> list[Watched]:
        """The objects that decide: the object itself and those that belong to it."""

    @abstractmethod
    def observe(self, event: Event, now: float) -> None:
        """Take in a change; `now` is in seconds of a monotonic clock."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether the object is ready, by all that was observed."""

    @abstractmethod
    def reasons(self) -> list[str]:
        """Why the object is not ready, one sentence each."""

    def tick(self, now: float) -> None:  # noqa: B027
        """Take in that time has passed."""

    def settle(self) -> None:  # noqa: B027
        """Take what was observed as final: nothing more is awaited, as in a refresh."""

    def ready_at_last(self) -> bool:
        """Whether what was observed is enough now that waiting ends."""
        return False

    def is_current(self, event: Event) -> bool:
        """Whether the event tells of the awaited object, and not of an older generation of it."""
        metadata = event.object["metadata"]
        return bool(
            event.kind == self._first["kind"]
            and metadata["name"] == self._first["metadata"]["name"]
            and metadata.get("generation", 0) >= self._first["metadata"].get("generation", 0)
        )
