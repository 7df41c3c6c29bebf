"""How a nodepool is emptied before it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from components.lifecycle import waiting
from components.lifecycle.kubernetes_api import KubernetesApi
from components.lifecycle.waiting import WaitTimeoutError
from components.sks_cluster.nodepools import drained_nodes
from components.sks_cluster.nodepools.drained_nodes import drain_nodepools, removed_nodepools
from tests.program.unit.nodes_api import Cluster, node, pod, serving

FORMER = {"workers": {"id": "old", "instancePoolId": "old-instances"}}
STAYING = {"workers": {"id": "new", "instancePoolId": "new-instances"}}


@pytest.fixture(autouse=True)
def moves(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said of load balancers, look after look."""
    told: list[str] = []

    async def missing_moves(*_: Any, **__: Any) -> str:
        return told.pop(0) if told else ""

    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)
    monkeypatch.setattr(drained_nodes, "missing_moves", missing_moves)
    return told


@pytest.fixture
def cluster() -> Cluster:
    return Cluster(nodes=[node("old-1", "old"), node("old-2", "old"), node("new-1", "new")])


@pytest.fixture
def api(cluster: Cluster) -> Iterator[KubernetesApi]:
    with serving(cluster) as found:
        yield found


def run(api: KubernetesApi, seconds: int = 10) -> None:
    asyncio.run(
        drain_nodepools(api, FORMER, zone="ch-gva-2", services=["shop/web"], seconds=seconds)
    )


def test_former_nodepools_are_those_whose_id_is_no_more() -> None:
    gpu = {"id": "gpu", "instancePoolId": "gpu-instances"}
    assert removed_nodepools(FORMER, STAYING) == FORMER
    assert removed_nodepools({**FORMER, "gpu": gpu}, FORMER) == {"gpu": gpu}
    assert removed_nodepools(FORMER, {"renamed": FORMER["workers"], "gpu": gpu}) == {}


def test_all_its_nodes_are_closed_before_the_first_pod_leaves(
    cluster: Cluster, api: KubernetesApi
) -> None:
    cluster.pods = [pod("a", "old-1"), pod("b", "old-2"), pod("c", "new-1")]
    run(api)
    assert cluster.done == ["cordon old-1", "cordon old-2", "evict a", "evict b"]


def test_load_balancers_go_first(cluster: Cluster, api: KubernetesApi, moves: list[str]) -> None:
    cluster.pods = [pod("a", "old-1")]
    moves[:] = ["the load balancers of these Services have not moved yet: shop/web"] * 2
    run(api)
    assert (moves, cluster.done[-1]) == ([], "evict a")
    moves[:] = ["the load balancers of these Services have not moved yet: shop/web"]
    cluster.done.clear()
    with pytest.raises(
        WaitTimeoutError, match=r"nodepool workers, .*after 0 s, .*not moved yet: shop/web"
    ):
        run(api, seconds=0)
    assert cluster.done == []


def test_pods_of_the_node_itself_and_finished_ones_stay_to_the_end(
    cluster: Cluster, api: KubernetesApi
) -> None:
    cluster.pods = [
        pod("daemon", "old-1", owner="DaemonSet"),
        pod("mirror", "old-1", metadata={"annotations": {"kubernetes.io/config.mirror": "x"}}),
        pod("done", "old-1", owner="Job", status={"phase": "Succeeded"}),
    ]
    run(api)
    assert [action for action in cluster.done if action.startswith("evict")] == []


def test_a_pod_that_comes_back_is_evicted_once(cluster: Cluster, api: KubernetesApi) -> None:
    cluster.pods, cluster.returning = [pod("a", "old-1")], {"a", "a-again"}
    run(api)
    assert [action for action in cluster.done if action.startswith("evict")] == ["evict a"]


def test_a_budget_is_asked_until_it_allows(cluster: Cluster, api: KubernetesApi) -> None:
    cluster.pods, cluster.refusals = [pod("a", "old-1"), pod("b", "old-2")], {"a": 3}
    run(api)
    assert cluster.done[-2:] == ["evict b", "evict a"]


def test_what_else_keeps_a_pod_is_told_and_tried_again(
    cluster: Cluster, api: KubernetesApi
) -> None:
    """Such as 403, while its namespace is being deleted."""
    cluster.pods, cluster.terminating = [pod("a", "old-1")], 2
    run(api)
    assert cluster.done[-1] == "evict a"
    cluster.pods, cluster.terminating = [pod("a", "old-1")], 1000
    with pytest.raises(WaitTimeoutError, match="shop/a: the namespace is being terminated"):
        run(api, seconds=0)


def test_a_pod_that_is_ending_is_waited_for(cluster: Cluster, api: KubernetesApi) -> None:
    cluster.pods = [pod("a", "old-1", metadata={"deletionTimestamp": "2026-11-25T12:00:00Z"})]
    with pytest.raises(WaitTimeoutError, match="shop/a is terminating"):
        run(api, seconds=0)
    assert "evict a" not in cluster.done


def test_a_budget_that_never_allows_is_named(cluster: Cluster, api: KubernetesApi) -> None:
    cluster.pods, cluster.refusals = [pod("a", "old-1")], {"a": 1000}
    with pytest.raises(WaitTimeoutError) as caught:
        run(api, seconds=0)
    assert str(caught.value) == (
        "nodepool workers, which is to be deleted: after 0 s, 1 pods remain: shop/a: The "
        "disruption budget web needs 1 healthy pods and has 1 currently. Its nodes are cordoned "
        "and not deleted yet. Change the pods' disruption budgets to allow evictions, or delete "
        "the pods, and run `pulumi up` again"
    )
