"""What a cluster and its load balancer look like, moment after moment, while a command runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import urllib3
from kubernetes import client

from sandbox.sks.nodes import NODEPOOL_LABEL
from tests.integration.sks_account import is_ready

SECONDS_BETWEEN = 0.1


@dataclass(frozen=True)
class Moment:
    """Of a nodepool that is there, and of its application's pods.

    Attributes:
        ready: nodepool's ID to the number of its Ready nodes.
        open: nodepool's ID to the number of its nodes that take new pods.
        pods: nodepool's ID to the number of the application's pods on its nodes.
        available: how many of all those pods are ready.
        behind: the instance pools that the load balancer sends to.
    """

    ready: dict[str, int]
    open: dict[str, int]
    pods: dict[str, int]
    available: int
    behind: frozenset[str]


@contextmanager
def watched(
    api_client: client.ApiClient, app: str, namespace: str, behind: Callable[[], set[str]]
) -> Iterator[list[Moment]]:
    """The moments while the block runs, to be read when it has ended."""
    moments: list[Moment] = []
    over = threading.Event()
    failures: list[BaseException] = []

    def watch() -> None:
        core = client.CoreV1Api(api_client)
        try:
            while not over.wait(SECONDS_BETWEEN):
                # an upgrade restarts the API server
                with suppress(client.ApiException, urllib3.exceptions.HTTPError):
                    moments.append(_moment(core, app, namespace, behind))
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield moments
    finally:
        over.set()
        thread.join()
    assert failures == []


def _moment(
    core: client.CoreV1Api, app: str, namespace: str, behind: Callable[[], set[str]]
) -> Moment:
    # in this order: what is looked at later can only be further
    before = frozenset(behind())
    pods = core.list_namespaced_pod(namespace, label_selector=f"app.kubernetes.io/name={app}").items
    nodes = core.list_node().items
    pool_of = {node.metadata.name: node.metadata.labels[NODEPOOL_LABEL] for node in nodes}
    placed = [pool_of.get(pod.spec.node_name) for pod in pods]
    pools = set(pool_of.values())
    return Moment(
        ready={p: sum(pool_of[n.metadata.name] == p and is_ready(n) for n in nodes) for p in pools},
        open={
            p: sum(pool_of[n.metadata.name] == p and not n.spec.unschedulable for n in nodes)
            for p in pools
        },
        pods={p: placed.count(p) for p in pools},
        available=sum(_serves(pod) for pod in pods),
        behind=before,
    )


def _serves(pod: Any) -> bool:
    return is_ready(pod) and pod.metadata.deletion_timestamp is None
