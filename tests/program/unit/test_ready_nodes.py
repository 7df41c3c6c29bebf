"""When a nodepool is ready to be used, and how the program waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest

from components.lifecycle import waiting
from components.lifecycle.kubernetes_api import ApiError, KubernetesApi
from components.lifecycle.waiting import WaitTimeoutError, wait_until
from components.sks_cluster.nodepools.ready_nodes import missing_daemons, missing_nodes
from tests.program.unit.nodes_api import Cluster, daemon_set, node, pod, serving


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def api(cluster: Cluster) -> Iterator[KubernetesApi]:
    with serving(cluster) as found:
        yield found


def missing(api: KubernetesApi, size: int = 2) -> str:
    return asyncio.run(missing_nodes(api, "new", size))


def wait(api: KubernetesApi, seconds: float = 10) -> None:
    asyncio.run(
        wait_until(
            lambda: missing_nodes(api, "new", 1),
            description="pool",
            timeout=seconds,
            hint="Mend it",
        )
    )


def test_all_nodes_of_the_nodepool_itself_are_ready(cluster: Cluster, api: KubernetesApi) -> None:
    cluster.nodes = [node("old-1", "old"), node("old-2", "old")]
    assert missing(api) == "0 of 2 nodes are Ready"
    cluster.nodes += [node("new-1", "new"), node("new-2", "new", ready=False)]
    assert missing(api) == "1 of 2 nodes are Ready, not new-2"
    cluster.nodes[-1] = node("new-2", "new")
    assert missing(api) == ""


def test_their_daemons_are_ready_too(cluster: Cluster, api: KubernetesApi) -> None:
    starting: dict[str, Any] = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
    cluster.nodes = [node("new-1", "new"), node("old-1", "old")]
    cluster.pods = [
        pod("web", "new-1", **starting),
        pod("logs-old", "old-1", owner="DaemonSet", **starting),
        pod("ingress-new", "new-1", owner="DaemonSet", **starting),
    ]
    found = asyncio.run(missing_daemons(api, "new"))
    assert found == "these DaemonSets have pods that are not ready on its nodes: shop/ingress"
    cluster.pods[-1] = pod("ingress-new", "new-1", owner="DaemonSet")
    assert asyncio.run(missing_daemons(api, "new")) == ""


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, False),
        ({"tolerations": [{"operator": "Exists"}]}, True),
        ({"tolerations": [{"key": "gpu", "operator": "Exists"}]}, True),
        ({"tolerations": [{"key": "gpu", "value": "a30", "effect": "NoSchedule"}]}, True),
        ({"tolerations": [{"key": "gpu", "value": "a30", "effect": "NoExecute"}]}, False),
        ({"tolerations": [{"key": "gpu", "value": "a40"}]}, False),
        ({"tolerations": [{"operator": "Exists"}], "nodeSelector": {"disk": "fast"}}, True),
        ({"tolerations": [{"operator": "Exists"}], "nodeSelector": {"disk": "slow"}}, False),
        ({"tolerations": [{"operator": "Exists"}], "affinity": {"nodeAffinity": {"a": 1}}}, False),
    ],
)
def test_a_daemon_that_has_yet_to_be_made_is_waited_for(
    cluster: Cluster, api: KubernetesApi, spec: dict[str, Any], wanted: bool
) -> None:
    """On nodes that it selects and whose taints it tolerates, but for those that pass by."""
    taints = [
        {"key": "gpu", "value": "a30", "effect": "NoSchedule"},
        {"key": "busy", "effect": "PreferNoSchedule"},
        {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"},
    ]
    cluster.nodes = [node("new-1", "new", taints=taints)]
    cluster.nodes[0]["metadata"]["labels"]["disk"] = "fast"
    cluster.daemon_sets = [daemon_set("ingress", **spec)]
    assert ("shop/ingress" in asyncio.run(missing_daemons(api, "new"))) == wanted
    cluster.pods = [pod("ingress-new", "new-1", owner="DaemonSet")]
    assert asyncio.run(missing_daemons(api, "new")) == ""


def test_a_server_that_fails_for_a_while_is_asked_again(
    cluster: Cluster, api: KubernetesApi
) -> None:
    cluster.nodes, cluster.failures = [node("new-1", "new")], [503, 500, 429]
    wait(api)
    assert cluster.failures == []


def test_a_refusal_is_told_at_once(cluster: Cluster, api: KubernetesApi) -> None:
    cluster.failures = [403]
    with pytest.raises(ApiError, match="the server is not well"):
        wait(api)


def test_what_stays_missing_is_named_with_what_to_do(cluster: Cluster, api: KubernetesApi) -> None:
    cluster.nodes = [node("new-1", "new", ready=False)]
    with pytest.raises(WaitTimeoutError) as caught:
        wait(api, seconds=0)
    assert str(caught.value) == "pool: after 0 s, 0 of 1 nodes are Ready, not new-1. Mend it"


def test_no_answer_is_named_too() -> None:
    with pytest.raises(WaitTimeoutError, match=r"http://127\.0\.0\.1:1 does not answer: .*refused"):
        wait(KubernetesApi("http://127.0.0.1:1"), seconds=0)


def test_it_says_now_and_then_what_it_waits_for(
    cluster: Cluster, api: KubernetesApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        cluster.nodes = [node("new-1", "new")]

    monkeypatch.setattr(waiting, "FIRST_MESSAGE_SECONDS", 0)
    monkeypatch.setattr(pulumi, "info", tell)
    wait(api)
    assert told == ["pool: 0 of 1 nodes are Ready"]
