"""The logs of containers, merged by time."""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from urllib3.exceptions import HTTPError

from tools.pods.api import Api, ApiServerError
from tools.pods.status import containers, time_of

POLL_SECONDS = 2.0
"""How often new pods and restarted containers are looked for."""

TOGETHER_SECONDS = 0.2
"""Lines that arrive within this time are sorted."""


class Source(NamedTuple):
    """One run of a container: a restart begins another.

    Attributes:
        restarts: how often the container was restarted before.
    """

    namespace: str
    pod: str
    container: str
    restarts: int


class Line(NamedTuple):
    """A line of a log."""

    moment: datetime
    timestamp: str
    source: Source
    text: str


def sources(pod: Mapping[str, Any]) -> dict[Source, bool]:
    """Returns the runs of the pod's containers whose logs the node still has: the current one, and
    the one before. The value says whether it is the one before."""
    metadata, found = pod["metadata"], {}
    for each in containers(pod):
        restarts, state = each.get("restartCount", 0), each.get("state", {})
        place = (metadata["namespace"], metadata["name"], each["name"])
        runs = "running" in state or "terminated" in state
        if "terminated" in each.get("lastState", {}):
            found[Source(*place, restarts - 1 if runs else restarts)] = True
        if runs:
            found[Source(*place, restarts)] = False
    return found


def read(
    api: Api, source: Source, *, previous: bool, since: int | None = None, follow: bool = False
) -> Iterator[Line]:
    """Requests a log, and returns an iterator of its lines.

    Args:
        previous: read the run before the current one.
        since: read lines of the last seconds.
        follow: go on until the container ends.

    Raises:
        ApiServerError: the API server, or the node, rejects the request.
    """
    query = {"container": source.container, "timestamps": "true"}
    query |= {"previous": "true"} if previous else {}
    query |= {"follow": "true"} if follow else {}
    query |= {"sinceSeconds": str(since)} if since else {}
    path = f"/api/v1/namespaces/{source.namespace}/pods/{source.pod}/log"
    return _lines(source, api.stream(path, **query))


def _lines(source: Source, answer: Iterable[bytes]) -> Iterator[Line]:
    moment = datetime.min.replace(tzinfo=UTC)
    for each in answer:
        text = each.decode(errors="replace").rstrip("\n")
        timestamp, _, rest = text.partition(" ")
        try:
            moment = time_of(timestamp)
        except ValueError:  # a message of the kubelet instead of a line
            timestamp, rest = "", text
        yield Line(moment, timestamp, source, rest)


def merged(logs: Iterable[Iterator[Line]]) -> Iterator[Line]:
    """Merges logs by time. Lines of one log keep their order."""
    return heapq.merge(*logs, key=lambda line: line.moment)


class Follower:
    """Reads logs in threads, as they are written."""

    def __init__(
        self, api: Api, seen: Mapping[Source, str], problem: Callable[[str], None]
    ) -> None:
        """Begins after lines that were read before.

        Args:
            seen: the timestamp of the last line of each log that was read.
            problem: is called with a message about a log that can't be read.
        """
        self._api = api
        self._seen = seen
        self._known = set(seen)
        self._problem = problem
        self._lines: queue.Queue[Line] = queue.Queue()

    def add(self, found: Mapping[Source, bool], since: int | None, *, again: bool = False) -> None:
        """Reads these logs too, unless they are known.

        Args:
            since: read lines of the last seconds, of logs that were read before.
            again: read also those that were read before, if they can still grow.
        """
        for source, previous in found.items():
            known = source in self._known
            if known and (previous or not again):
                continue
            self._known.add(source)
            arguments = (source, previous, since if known else None)
            threading.Thread(target=self._follow, args=arguments, daemon=True).start()

    def _follow(self, source: Source, previous: bool, since: int | None) -> None:
        last = self._seen.get(source, "")
        try:
            follow = not previous
            for line in read(self._api, source, previous=previous, since=since, follow=follow):
                if line.timestamp > last:
                    self._lines.put(line)
        except (ApiServerError, HTTPError) as error:
            self._problem(f"{source.pod}: {error}")

    def lines(self) -> Sequence[Line]:
        """Returns lines that have arrived, sorted by time; none if none arrives for a while."""
        found: list[Line] = []
        try:
            found.append(self._lines.get(timeout=POLL_SECONDS))
            while len(found) < 10_000:
                found.append(self._lines.get(timeout=TOGETHER_SECONDS))
        except queue.Empty:
            pass
        return sorted(found, key=lambda line: line.moment)
