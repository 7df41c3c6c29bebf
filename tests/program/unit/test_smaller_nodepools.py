"""Which nodes of a nodepool go when it becomes smaller, and what happens to their pods first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi
import pytest

from components.exoscale.api import ExoscaleApi, ExoscaleApiError
from components.lifecycle import waiting
from components.lifecycle.waiting import WaitTimeoutError
from components.sks_cluster.nodepools.smaller_nodepools import Nodepool, shrink_nodepool
from tests.program.unit.exoscale_server import exoscale_server
from tests.program.unit.nodes_api import Cluster, node, pod, serving

PATH = "/sks-cluster/c/nodepool/p"


@dataclass
class Exoscale:
    """The nodepool `p` with these instances; `outcome` is that of the eviction.

    So many looks at the nodepool or the eviction fail.
    """

    members: list[str]
    states: list[str] = field(default_factory=list)
    outcome: str = "success"
    troubles: int = 0
    evicted: list[str] = field(default_factory=list)

    def get(self, path: str) -> dict[str, Any]:
        if path.startswith("/instance-pool/"):
            return {"instances": [{"id": member} for member in self.members]}
        if self.troubles:
            self.troubles -= 1
            raise ExoscaleApiError("Exoscale's API answers 500: busy")
        if path.startswith("/operation/"):
            return {"id": "o", "state": self.outcome, "reason": "busy"}
        return {"state": self.states.pop(0) if self.states else "running"}

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert path == f"{PATH}:evict"
        self.evicted += body["instances"]
        return {"id": "o", "state": "pending"}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)


def shrink(cluster: Cluster, exoscale: Exoscale, size: int, seconds: float = 5) -> None:
    nodepool = Nodepool(
        cast(ExoscaleApi, exoscale), name="workers", path=PATH, identity="p", instance_pool="i"
    )
    with serving(cluster) as api:
        asyncio.run(nodepool.shrink(api, size, cast(int, seconds)))


def nodes(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Nodes a, b and c, with instances of these names."""
    return [
        node(name, "p", providerID=f"exoscale://{name}", **changes.get(name, {})) for name in "abc"
    ]


PODS = [pod("web-1", "a"), pod("web-2", "b"), pod("web-3", "b"), pod("log-1", "c")]


def test_the_node_with_the_fewest_pods_is_drained_and_goes() -> None:
    daemon = pod("agent-1", "a", owner="DaemonSet")
    cluster, exoscale = Cluster(nodes=nodes(), pods=[*PODS, daemon]), Exoscale(["a", "b", "c"])
    shrink(cluster, exoscale, 2)
    assert cluster.done == ["cordon a", "evict web-1"]
    assert exoscale.evicted == ["a"]


@pytest.mark.parametrize("closed", [{"unschedulable": True}, {"ready": False}])
def test_a_node_that_takes_no_pods_goes_before(closed: dict[str, Any]) -> None:
    cluster, exoscale = Cluster(nodes=nodes(b=closed), pods=[*PODS]), Exoscale(["a", "b", "c"])
    shrink(cluster, exoscale, 2)
    assert exoscale.evicted == ["b"]
    assert [done for done in cluster.done if "evict" in done] == ["evict web-2", "evict web-3"]


def test_an_instance_that_is_no_node_goes_first() -> None:
    cluster, exoscale = Cluster(nodes=nodes(), pods=[*PODS]), Exoscale(["a", "b", "c", "d"])
    shrink(cluster, exoscale, 2)
    assert exoscale.evicted == ["d", "a"]


def test_nothing_is_done_twice() -> None:
    """An `up` that was cut off has evicted, and Exoscale is still at it."""
    cluster, exoscale = Cluster(nodes=nodes()), Exoscale(["a", "b"], states=["scaling"])
    shrink(cluster, exoscale, 2)
    assert cluster.done == exoscale.evicted == []


def test_a_pod_that_stays_keeps_its_node_which_takes_pods_again() -> None:
    cluster = Cluster(nodes=nodes(), pods=[*PODS], refusals={"web-1": 10**9})
    exoscale = Exoscale(["a", "b", "c"])
    with pytest.raises(
        WaitTimeoutError, match=r"workers, of which a are to be removed: .* shop/web-1"
    ):
        shrink(cluster, exoscale, 2, seconds=0.05)
    assert cluster.done == ["cordon a", "uncordon a"]
    assert exoscale.evicted == []


def test_an_answer_that_fails_is_asked_for_again() -> None:
    exoscale = Exoscale(["a", "b", "c"], troubles=3)
    shrink(Cluster(nodes=nodes()), exoscale, 2)
    assert exoscale.evicted == ["a"]


def test_what_exoscale_refuses_fails_the_up() -> None:
    exoscale = Exoscale(["a", "b", "c"], outcome="failure")
    with pytest.raises(ExoscaleApiError, match="workers: no node was removed: busy"):
        shrink(Cluster(nodes=nodes()), exoscale, 2)


@pytest.mark.parametrize(
    ("sizes", "current", "key", "told"),
    [
        (
            (3, 1),
            3,
            "EXOkey",
            "info cluster-workers: size: 3 to 1: nodes to drain and then remove: 2",
        ),
        (
            (3, 1),
            3,
            "",
            "warn cluster-workers: size: 3 to 1: Exoscale chooses the nodes to remove ",
        ),
        ((3, 3), 3, "EXOkey", ""),
        ((1, 3), 1, "", ""),
        ((1, 3), 1, "EXOkey", ""),
        (
            (2, 3),
            4,
            "EXOkey",
            "info cluster-workers: size: 4 to 3: nodes to drain and then remove: 1",
        ),
        ((4, 3), 2, "EXOkey", ""),
        (
            (4, 3),
            None,
            "EXOkey",
            "info cluster-workers: size: 4 to 3: nodes to drain and then remove: 1",
        ),
    ],
)
def test_the_preview_says_what_happens_to_nodes(
    sizes: tuple[int, int],
    current: int | None,
    key: str,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It counts the nodes at Exoscale, of which an autoscaler may have added some."""
    said: list[str] = []
    monkeypatch.setattr(pulumi, "info", lambda text: said.append(f"info {text}"))
    monkeypatch.setattr(pulumi, "warn", lambda text: said.append(f"warn {text}"))
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    before, after = sizes
    update = pulumi.ResourceHookArgs(
        urn="urn", id="p", name="cluster-workers", type="type",
        old_inputs={"size": before, "clusterId": "c"}, new_inputs={"size": after},
    )  # fmt: skip
    with exoscale_server(monkeypatch, {"size": current}) as server:
        server.status = 200 if current else 500
        monkeypatch.setenv("EXOSCALE_API_KEY", key)
        asyncio.run(shrink_nodepool(update, zone="ch-gva-2", kubeconfig=cast(Any, None), seconds=1))
    assert {path for path, _ in server.asked} <= {f"/v2{PATH}"}
    assert [line[: len(told)] for line in said] == ([told] if told else [])
