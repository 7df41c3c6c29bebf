"""The loop around an awaiter: watches feed it until it is content, or time is up."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError, ResourceNotFoundError

from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter, NotReady, Status
from sandbox.plugins.kubernetes.readiness.events import Event, Watched
from sandbox.plugins.kubernetes.readiness.watching import Watches, list_objects

SLICE_SECONDS: Final = 0.2


def wait(
    client: DynamicClient, awaiter: Awaiter, timeout: float, cancelled: threading.Event
) -> dict[str, Any]:
    """Feed the awaiter until it is ready, and return the live object.

    Raises:
        NotReady: after `timeout` seconds, on interruption, when the object has failed, or if the
            API server refuses.
    """
    try:
        return _wait(client, awaiter, timeout, cancelled)
    except ApiException as error:
        raise _refused(awaiter, error) from error


def wait_gone(
    client: DynamicClient, awaiter: Awaiter, timeout: float, cancelled: threading.Event
) -> None:
    """Feed the awaiter until it is content, or until the very kind is gone.

    Raises:
        NotReady: as for `wait`.
    """
    try:
        _wait(client, awaiter, timeout, cancelled)
    except (NotFoundError, ResourceNotFoundError):
        return
    except ApiException as error:
        raise _refused(awaiter, error) from error


def _wait(
    client: DynamicClient, awaiter: Awaiter, timeout: float, cancelled: threading.Event
) -> dict[str, Any]:
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
        NotReady: if it is not, or if the API server refuses.
    """
    namespace = awaiter.live["metadata"].get("namespace")
    now = time.monotonic()
    try:
        for watched in awaiter.watched():
            for item in list_objects(client, namespace, watched)[0]:
                awaiter.observe(Event("ADDED", watched.kind, item), now)
    except ApiException as error:
        raise _refused(awaiter, error) from error
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


def _refused(awaiter: Awaiter, error: ApiException) -> NotReady:
    name = awaiter.live["metadata"]["name"]
    reason = f"can't watch what belongs to {name!r}: {error.status} {error.reason}"
    return NotReady([reason, *awaiter.reasons()], awaiter.live)
