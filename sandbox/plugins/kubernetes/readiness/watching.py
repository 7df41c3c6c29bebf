"""Following objects of the API server: list, watch, and both again when the stream ends."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import urllib3
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.resource import Resource
from kubernetes.watch.watch import iter_resp_lines

from sandbox.plugins.kubernetes.readiness.events import Event, Watched

STREAM_SECONDS: Final = 240
CONNECT_SECONDS: Final = 10
RECONNECT_SECONDS: Final = 1.0

_TRANSIENT: Final = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.GONE,
    HTTPStatus.TOO_MANY_REQUESTS,
}


def list_objects(
    client: DynamicClient, namespace: str | None, watched: Watched
) -> tuple[list[dict[str, Any]], str]:
    """The objects as they are now, and the list's resource version."""
    return _list(client.resources.get(**_kind(watched)), namespace, watched)


class Watches:
    """Events of several kinds in one queue, from now until the end of the `with` block.

    Args:
        client: for the API server.
        namespace: where namespaced objects are looked for.
        watched: what to follow. What is there already comes as ADDED first.
        expected: objects taken as seen; one that is not there comes as DELETED.
    """

    def __init__(
        self,
        client: DynamicClient,
        namespace: str | None,
        watched: Sequence[Watched],
        expected: Sequence[dict[str, Any]] = (),
    ) -> None:
        self._followers = [
            (client.resources.get(**_kind(item)), namespace, item) for item in watched
        ]
        self._expected = expected
        self._events: queue.SimpleQueue[Event | Exception] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._streams: dict[Watched, urllib3.BaseHTTPResponse] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Watches:
        for follower in self._followers:
            threading.Thread(target=self._follow, args=follower, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._stopped.set()
            for stream in self._streams.values():
                stream.shutdown()

    def next(self, seconds: float) -> Event | None:
        """The next event; None if there is none within `seconds`.

        Raises:
            ApiException: if the API server refuses to list or to watch.
        """
        try:
            item = self._events.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        if isinstance(item, Exception):
            raise item
        return item

    def _follow(self, resource: Resource, namespace: str | None, watched: Watched) -> None:
        known = {
            item["metadata"]["uid"]: item for item in self._expected if item["kind"] == watched.kind
        }
        while not self._stopped.is_set():
            try:
                objects, version = _list(resource, namespace, watched)
                self._compare(watched.kind, known, objects)
                self._stream(resource, namespace, watched, version, known)
            except ApiException as error:
                if error.status and error.status < 500 and error.status not in _TRANSIENT:
                    self._events.put(error)
                    return
                self._stopped.wait(RECONNECT_SECONDS)
            except (urllib3.exceptions.HTTPError, OSError):
                self._stopped.wait(RECONNECT_SECONDS)

    def _compare(
        self, kind: str, known: dict[str, dict[str, Any]], objects: list[dict[str, Any]]
    ) -> None:
        current = {item["metadata"]["uid"]: item for item in objects}
        for uid in [uid for uid in known if uid not in current]:
            self._events.put(Event("DELETED", kind, known.pop(uid)))
        for uid, item in current.items():
            before = known.get(uid)
            if before is None:
                self._events.put(Event("ADDED", kind, item))
            elif before["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]:
                self._events.put(Event("MODIFIED", kind, item))
            known[uid] = item

    def _stream(
        self,
        resource: Resource,
        namespace: str | None,
        watched: Watched,
        version: str,
        known: dict[str, dict[str, Any]],
    ) -> None:
        response = resource.get(
            **_scope(resource, namespace, watched),
            resource_version=version,
            watch=True,
            timeout_seconds=STREAM_SECONDS,
            serialize=False,
            _request_timeout=(CONNECT_SECONDS, STREAM_SECONDS + CONNECT_SECONDS),
        )
        with self._lock:
            if self._stopped.is_set():
                response.close()
                return
            self._streams[watched] = response
        try:
            for line in iter_resp_lines(response):
                if self._stopped.is_set():
                    return
                change = json.loads(line)
                if change["type"] == "ERROR":
                    return
                item = change["object"]
                uid = item["metadata"]["uid"]
                if change["type"] == "DELETED":
                    known.pop(uid, None)
                else:
                    known[uid] = item
                self._events.put(Event(change["type"], watched.kind, item))
        finally:
            with self._lock:
                del self._streams[watched]
            response.close()


def _kind(watched: Watched) -> dict[str, str]:
    return {"api_version": watched.api_version, "kind": watched.kind}


def _scope(resource: Resource, namespace: str | None, watched: Watched) -> dict[str, Any]:
    return {
        "namespace": namespace if resource.namespaced else None,
        "field_selector": watched.fields,
        "label_selector": watched.labels,
    }


def _list(
    resource: Resource, namespace: str | None, watched: Watched
) -> tuple[list[dict[str, Any]], str]:
    response = resource.get(
        **_scope(resource, namespace, watched),
        serialize=False,
        _request_timeout=(CONNECT_SECONDS, STREAM_SECONDS),
    )
    answer = json.loads(response.data)
    kind = {"apiVersion": watched.api_version, "kind": watched.kind}
    return [kind | item for item in answer["items"]], answer["metadata"]["resourceVersion"]
