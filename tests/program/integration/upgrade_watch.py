"""What a cluster and its load balancer look like, moment after moment, while a command runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import urllib3
from kubernetes import client, watch

from sandbox.sks.nodes import NODEPOOL_LABEL
from tests.support.sks_account import is_ready

SECONDS_BETWEEN = 0.1
WATCH_SECONDS = 1


@dataclass(frozen=True)
class Moment:
    """Of a nodepool that is there, and of its application's pods.

    Attributes:
        revision: of the API server's store: it grows with every change of any object.
        ready: nodepool's ID to the number of its Ready nodes.
        open: nodepool's ID to the number of its nodes that take new pods.
        pods: nodepool's ID to the number of the application's pods on its nodes.
        lost: how many of those pods have lost their node.
        available: how many are ready.
    """

    revision: int
    ready: dict[str, int]
    open: dict[str, int]
    pods: dict[str, int]
    lost: int
    available: int


@dataclass(frozen=True)
class Look:
    """Where the load balancer sent to: the instance pools, some time between two revisions."""

    after: int
    before: int
    behind: frozenset[str]


@dataclass
class Watched:
    """What was seen while a block ran, to be read when it has ended."""

    start: int
    """The revision at which the block began."""
    looks: list[Look] = field(default_factory=list)
    changes: dict[int, tuple[str, Any]] = field(default_factory=dict)
    """Revision to the event's type and the node or pod."""

    def moments(self) -> list[Moment]:
        """One for the start and for each change of a node or pod, in their order."""
        there: dict[str, Any] = {}
        moments: list[Moment] = []
        for revision, (type_, thing) in sorted(self.changes.items()):
            there[thing.metadata.uid] = thing
            if type_ == "DELETED":
                del there[thing.metadata.uid]
            if revision <= self.start:
                moments.clear()
            moments.append(_moment(revision, there.values()))
        return moments


@contextmanager
def watched(
    api_client: client.ApiClient, app: str, namespace: str, behind: Callable[[], set[str]]
) -> Iterator[Watched]:
    """What happens to the cluster's nodes and to the app's pods while the block runs."""
    core = client.CoreV1Api(api_client)
    seen = Watched(start=_revision(core))
    over = threading.Event()
    failures: list[BaseException] = []

    def changes(list_: Callable[..., Any], *where: str, **which: str) -> None:
        stream, revision = watch.Watch(), None
        while not over.is_set():
            # an upgrade restarts the API server, and then it does not know old revisions
            try:
                for event in stream.stream(
                    list_, *where, timeout_seconds=WATCH_SECONDS, resource_version=revision, **which
                ):
                    revision = event["object"].metadata.resource_version
                    seen.changes[int(revision)] = event["type"], event["object"]
            except (client.ApiException, urllib3.exceptions.HTTPError):
                revision = None

    def looks() -> None:
        before = None
        while not over.wait(SECONDS_BETWEEN):
            with suppress(client.ApiException, urllib3.exceptions.HTTPError):
                now, after = behind(), _revision(core)
                if before is not None:
                    seen.looks.append(Look(before, after, frozenset(now)))
                before = after

    def kept(work: Callable[..., None], *arguments: Any, **options: str) -> threading.Thread:
        def run() -> None:
            try:
                work(*arguments, **options)
            except Exception as error:
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    selector = f"app.kubernetes.io/name={app}"
    threads = [
        kept(changes, core.list_node),
        kept(changes, core.list_namespaced_pod, namespace, label_selector=selector),
        kept(looks),
    ]
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert failures == []


def _moment(revision: int, there: Any) -> Moment:
    nodes = [thing for thing in there if thing.kind == "Node"]
    pods = [thing for thing in there if thing.kind == "Pod"]
    pool_of = {node.metadata.name: node.metadata.labels[NODEPOOL_LABEL] for node in nodes}
    placed = [pool_of.get(pod.spec.node_name) for pod in pods]
    pools = set(pool_of.values())
    return Moment(
        revision=revision,
        ready={p: sum(pool_of[n.metadata.name] == p and is_ready(n) for n in nodes) for p in pools},
        open={
            p: sum(pool_of[n.metadata.name] == p and not n.spec.unschedulable for n in nodes)
            for p in pools
        },
        pods={p: placed.count(p) for p in pools},
        lost=sum(bool(pod.spec.node_name) and pod.spec.node_name not in pool_of for pod in pods),
        available=sum(_serves(pod) for pod in pods),
    )


def _revision(core: client.CoreV1Api) -> int:
    return int(core.list_node().metadata.resource_version)


def _serves(pod: Any) -> bool:
    return is_ready(pod) and pod.metadata.deletion_timestamp is None
