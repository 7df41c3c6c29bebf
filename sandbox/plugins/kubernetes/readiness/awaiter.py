"""What waiting for any kind has in common: its state, the loop around it, its failure."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Final

from kubernetes.dynamic import DynamicClient

from sandbox.plugins.kubernetes.readiness.watching import Event, Watched, Watches, list_objects

SLICE_SECONDS: Final = 0.2

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


def wait(
    client: DynamicClient, awaiter: Awaiter, timeout: float, cancelled: threading.Event
) -> dict[str, Any]:
    """Feed the awaiter until it is ready, and return the live object.

    Raises:
        NotReady: after `timeout` seconds, on interruption, or when the object has failed.
        ApiException: if the API server refuses.
    """
    metadata = awaiter.live["metadata"]
    namespace = metadata.get("namespace")
    deadline = time.monotonic() + timeout
    watched = awaiter.watched()
    if namespace:
        watched.append(Watched("v1", "Event", fields=f"involvedObject.uid={metadata['uid']}"))
    with Watches(client, namespace, watched, awaiter.expected()) as watches:
        while not awaiter.ready():
            now = time.monotonic()
            if cancelled.is_set() or now >= deadline:
                if awaiter.ready_at_last():
                    break
                raise NotReady([_ended(awaiter, cancelled), *awaiter.reasons()], awaiter.live)
            event = watches.next(min(SLICE_SECONDS, deadline - now))
            now = time.monotonic()
            if event is not None and event.kind == "Event":
                _show_warning(event, awaiter.status)
            elif event is not None:
                awaiter.observe(event, now)
            awaiter.tick(now)
            if awaiter.failed:
                raise NotReady([_failed(metadata["name"]), *awaiter.reasons()], awaiter.live)
    return awaiter.live


def _show_warning(event: Event, status: Status) -> None:
    if event.object.get("type") == "Warning" and event.type != "DELETED":
        status(f"{event.object.get('reason')}: {event.object.get('message')}")


def check(client: DynamicClient, awaiter: Awaiter) -> None:
    """Look once whether the object is ready.

    Raises:
        NotReady: if it is not.
    """
    namespace = awaiter.live["metadata"].get("namespace")
    now = time.monotonic()
    for watched in awaiter.watched():
        for item in list_objects(client, namespace, watched)[0]:
            awaiter.observe(Event("ADDED", watched.kind, item), now)
    awaiter.settle()
    if not awaiter.ready():
        name = awaiter.live["metadata"]["name"]
        raise NotReady([_failed(name), *awaiter.reasons()], awaiter.live)


def _ended(awaiter: Awaiter, cancelled: threading.Event) -> str:
    name = awaiter.live["metadata"]["name"]
    if cancelled.is_set():
        return f'Resource operation was cancelled for "{name}"'
    return f"'{name}' timed out waiting to be {awaiter.goal}"


def _failed(name: str) -> str:
    return f"Resource '{name}' was created but failed to initialize"
