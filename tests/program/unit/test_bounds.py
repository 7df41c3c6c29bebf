"""What the gates of nodepools do after an autoscaler changed sizes, or limits changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast
from unittest.mock import patch

import pulumi
import pytest

from components.exoscale.api import ExoscaleApi, ExoscaleApiError
from components.lifecycle import waiting
from components.lifecycle.before_update import RefusedUpdate
from components.lifecycle.kubernetes_api import KubernetesApi
from components.sks_cluster.nodepools.args import AutoscaleArgs, NodePoolArgs
from components.sks_cluster.nodepools.bounds import create_bounds_gate
from components.sks_cluster.nodepools.live_sizes import Nodepools, within
from components.sks_cluster.nodepools.ready_nodes import create_ready_gate
from tests.program.unit.nodes_api import Cluster, node, serving


@dataclass
class Exoscale:
    """Nodepools, each with its instances, of which nodes of the same names are on the cluster."""

    cluster: Cluster
    pools: dict[str, list[str]]
    fails: bool = False
    busy: int = 0
    """So many operations are rejected because another one is active."""
    done: list[str] = field(default_factory=list)

    def get(self, path: str, timeout: float = 0) -> dict[str, Any]:
        if self.fails:
            raise ExoscaleApiError("Exoscale's API answers 500: busy", 500)
        name = path.rpartition("/")[2]
        if path.startswith("/operation/"):
            return {"id": "o", "state": "success"}
        if name.removesuffix("-instances") not in self.pools:
            raise ExoscaleApiError("Exoscale's API answers 404: not found", 404)
        if path.startswith("/instance-pool/"):
            instances = self.pools[name.removesuffix("-instances")]
            return {"instances": [{"id": each} for each in instances]}
        assert path == f"/sks-cluster/c/nodepool/{name}"
        size = len(self.pools[name])
        return {"state": "running", "size": size, "instance-pool": {"id": f"{name}-instances"}}

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if self.busy:
            self.busy -= 1
            self.scale("p", 2)  # by the autoscaler
            raise ExoscaleApiError("Exoscale's API answers 409: already being updated", 409)
        path, _, operation = path.partition(":")
        pool = path.rpartition("/")[2]
        if operation == "evict":
            self.pools[pool] = [e for e in self.pools[pool] if e not in body["instances"]]
            self.done.append(f"evict {len(body['instances'])} of {pool}")
        else:
            self.scale(pool, body["size"])
            self.done.append(f"scale {pool} to {body['size']}")
        return {"id": "o", "state": "pending"}

    def scale(self, pool: str, size: int) -> None:
        for index in range(len(self.pools.setdefault(pool, [])), size):
            name = f"{pool}-{index}"
            self.pools[pool].append(name)
            self.cluster.nodes.append(node(name, pool, providerID=f"exoscale://{name}"))


@pytest.fixture
def exoscale(monkeypatch: pytest.MonkeyPatch) -> Iterator[Exoscale]:
    cluster = Cluster()
    found = Exoscale(cluster, {})
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)
    monkeypatch.setattr(ExoscaleApi, "for_zone", lambda zone: found)
    with serving(cluster) as api:

        async def client(*_: object) -> KubernetesApi:
            return api

        monkeypatch.setattr(KubernetesApi, "from_kubeconfig", client)
        yield found


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a preview says; its tests are previews."""
    lines: list[str] = []
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    monkeypatch.setattr(pulumi, "info", lines.append)
    monkeypatch.setattr(pulumi, "warn", lines.append)
    return lines


class Known:
    """An output whose value is known."""

    def __init__(self, value: Any) -> None:
        self.value = value

    async def future(self) -> Any:
        return self.value


def pool(low: int, high: int | None = None) -> NodePoolArgs:
    """One with limits, or one with a fixed size."""
    size: dict[str, Any] = (
        {"autoscale": AutoscaleArgs(min=low, max=high)} if high else {"size": low}
    )
    return NodePoolArgs(name="workers", instance_type="standard.small", **size)


def nodepools() -> Nodepools:
    cluster = cast(Any, type("C", (), {"id": Known("c")})())
    kubeconfig = cast(Any, type("K", (), {"kubeconfig": None})())
    return Nodepools(cluster, zone="ch-gva-2", kubeconfig=kubeconfig, seconds=5)


def hook_of(create: Any, *args: Any, **options: Any) -> pulumi.ResourceHook:
    """The hook of the gate that a function creates."""
    hooks: list[pulumi.ResourceHook] = []

    def note(name: str, run: Any, opts: Any = None) -> Any:
        hooks.append(run)
        return name

    kubeconfig = cast(Any, type("K", (), {"kubeconfig": None})())
    with (
        patch.object(pulumi, "ResourceHook", note),
        patch.object(pulumi, "ResourceHookBinding"),
        patch.object(pulumi, "ResourceOptions"),
        patch.object(pulumi, "Stash"),
        patch.object(pulumi.Output, "all"),
    ):
        create(*args, kubeconfig=kubeconfig, seconds=1, opts=None, **options)
    (hook,) = hooks
    return hook


def run(hook: Any, before: Any, after: Any) -> None:
    args = pulumi.ResourceHookArgs(
        urn="urn", id="id", name="gate", type="type",
        old_inputs=None if before is None else {"input": before}, new_inputs={"input": after},
    )  # fmt: skip
    asyncio.run(hook(args))


def ready(of: NodePoolArgs, *, autoscaler: bool = True) -> Any:
    nodepool = cast(Any, type("N", (), {"id": None})())
    return hook_of(
        create_ready_gate, "cluster-workers", of,
        nodepool=nodepool, nodepools=nodepools(), autoscaler=autoscaler,
    )  # fmt: skip


def bounds(of: NodePoolArgs, more: list[int] | None = None, refusal: str = "") -> Any:
    async def check(name: str, number: int) -> None:
        assert name == "cluster-workers"
        if more is not None:
            more.append(number)
        if refusal:
            raise RefusedUpdate(refusal)

    nodepool = type("N", (), {"id": None, "size": 0, "pulumi_resource_name": "cluster-workers"})()
    return hook_of(
        create_bounds_gate, "gate", [of],
        declared={"workers": nodepool}, nodepools=nodepools(), check_more_nodes=check,
    )  # fmt: skip


def entry(low: int, high: int, **changes: Any) -> dict[str, Any]:
    return {"workers": {"id": "p", "min": low, "max": high} | changes}


def scaled(identity: Any) -> dict[str, Any]:
    return {"id": identity, "autoscaled": True}


@pytest.mark.parametrize(("size", "wanted"), [(1, 2), (2, 2), (3, 3), (4, 4), (9, 4)])
def test_the_nearest_size_within_the_limits(size: int, wanted: int) -> None:
    assert within(size, (2, 4)) == wanted


def test_a_size_within_new_limits_stays(exoscale: Exoscale) -> None:
    exoscale.scale("p", 3)
    run(bounds(pool(1, 3)), entry(2, 4), entry(1, 3))
    assert exoscale.done == exoscale.cluster.done == []


def test_nodes_above_the_maximum_are_drained_and_removed(exoscale: Exoscale) -> None:
    exoscale.scale("p", 5)
    run(bounds(pool(2, 3)), entry(2, 6), entry(2, 3))
    assert exoscale.done == ["evict 2 of p"]
    assert exoscale.cluster.done == ["cordon p-0", "cordon p-1"]


def test_nodes_below_the_minimum_are_added(exoscale: Exoscale) -> None:
    exoscale.scale("p", 1)
    run(bounds(pool(3, 6)), entry(1, 6), entry(3, 6))
    assert exoscale.done == ["scale p to 3"]


@pytest.mark.parametrize(("low", "done"), [(2, []), (3, ["scale p to 3"])])
def test_the_autoscaler_may_add_nodes_at_the_same_time(
    low: int, done: list[str], exoscale: Exoscale
) -> None:
    exoscale.scale("p", 1)
    exoscale.busy = 1
    run(bounds(pool(low, 6)), entry(1, 6), entry(low, 6))
    assert exoscale.done == done
    assert len(exoscale.pools["p"]) == low


def test_a_size_beyond_the_limits_that_a_refresh_found_is_corrected(exoscale: Exoscale) -> None:
    exoscale.scale("p", 7)
    run(bounds(pool(2, 4)), entry(2, 4), entry(2, 4, size=7))
    assert exoscale.done == ["evict 3 of p"]


def test_a_nodepool_whose_entry_is_the_same_is_not_looked_at(exoscale: Exoscale) -> None:
    exoscale.fails = True
    run(bounds(pool(2, 4)), entry(2, 4), entry(2, 4))


def test_a_fixed_size_after_limits_is_both(exoscale: Exoscale) -> None:
    exoscale.scale("p", 4)
    run(bounds(pool(2)), entry(2, 4), entry(2, 2))
    assert exoscale.done == ["evict 2 of p"]


def test_the_quota_must_allow_a_higher_maximum(exoscale: Exoscale) -> None:
    exoscale.scale("p", 3)
    more: list[int] = []
    run(bounds(pool(2, 6), more), entry(2, 4), entry(2, 6))
    assert more == [3]
    run(bounds(pool(2, 4), more), entry(2, 6), entry(2, 4))
    assert more == [3]
    with pytest.raises(RefusedUpdate, match="too many"):
        run(bounds(pool(2, 6), refusal="too many"), entry(2, 4), entry(2, 6))


def test_an_update_without_an_answer_fails_and_is_tried_again(exoscale: Exoscale) -> None:
    exoscale.fails = True
    with pytest.raises(ExoscaleApiError, match="busy"):
        run(bounds(pool(2, 4)), entry(1, 4), entry(2, 4))


@pytest.mark.parametrize(
    ("size", "line"),
    [
        (5, "cluster-workers: size: 5 to 4: nodes to drain and then remove: 1"),
        (1, "cluster-workers: size: 1 to 2: nodes to add: 1"),
        (3, None),
    ],
)
def test_the_preview_says_what_happens(
    size: int, line: str | None, exoscale: Exoscale, told: list[str]
) -> None:
    exoscale.scale("p", size)
    run(bounds(pool(2, 4)), entry(1, 8), entry(2, 4))
    assert told == ([line] if line else [])
    assert exoscale.done == []


def test_the_preview_of_a_new_nodepool_knows_nothing_of_it(
    exoscale: Exoscale, told: list[str]
) -> None:
    run(bounds(pool(2, 4)), None, {"workers": object()})
    run(ready(pool(2, 4)), None, scaled(object()))
    run(ready(pool(2)), None, object())
    assert told == []


def test_without_a_key_the_preview_says_so(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExoscaleApi, "for_zone", lambda zone: None)
    run(bounds(pool(2, 4)), entry(1, 4), entry(2, 4))
    assert told == [
        "the number of nodes can't be checked, because EXOSCALE_API_KEY and EXOSCALE_API_SECRET are"
        " not set"
    ]


def test_a_replacement_gets_as_many_nodes_as_there_are(exoscale: Exoscale) -> None:
    exoscale.scale("old", 4)
    exoscale.scale("new", 2)
    run(ready(pool(2, 6)), scaled("old"), scaled("new"))
    assert exoscale.done == ["scale new to 4"]


@pytest.mark.parametrize(("size", "done"), [(8, ["scale new to 6"]), (1, [])])
def test_a_replacement_is_within_the_limits(size: int, done: list[str], exoscale: Exoscale) -> None:
    exoscale.scale("old", size)
    exoscale.scale("new", 2)
    run(ready(pool(2, 6)), scaled("old"), scaled("new"))
    assert exoscale.done == done


def test_a_nodepool_that_is_gone_is_replaced_by_one_with_the_minimum(exoscale: Exoscale) -> None:
    exoscale.scale("new", 2)
    run(ready(pool(2, 6)), scaled("old"), scaled("new"))
    assert exoscale.done == []


def test_a_new_nodepool_is_waited_for_until_its_minimum_is_ready(exoscale: Exoscale) -> None:
    exoscale.scale("new", 2)
    run(ready(pool(2, 6)), None, scaled("new"))
    exoscale.scale("slow", 2)
    exoscale.cluster.nodes[-1] = node("slow-1", "slow", ready=False)
    with pytest.raises(waiting.WaitTimeoutError, match="1 of 2 nodes are Ready"):
        run(ready(pool(2, 6)), None, scaled("slow"))


@pytest.mark.parametrize(("size", "done"), [(4, ["evict 1 of p"]), (2, ["scale p to 3"]), (3, [])])
def test_without_an_autoscaler_the_nodepool_gets_its_fixed_size(
    size: int, done: list[str], exoscale: Exoscale
) -> None:
    exoscale.scale("p", size)
    run(ready(pool(3), autoscaler=False), scaled("p"), "p")
    assert exoscale.done == done


def test_with_an_autoscaler_the_gate_after_its_update_does_that(exoscale: Exoscale) -> None:
    exoscale.scale("p", 4)
    run(ready(pool(3)), scaled("p"), "p")
    assert exoscale.done == []


def test_nodes_that_are_waited_for_are_added_before(exoscale: Exoscale) -> None:
    """Which the state of a nodepool whose size an autoscaler has changed does not show."""
    exoscale.scale("p", 1)
    run(ready(pool(3)), scaled("p"), "p")
    run(ready(pool(4, 6)), "p", scaled("p"))
    assert exoscale.done == ["scale p to 3", "scale p to 4"]


def test_a_fixed_nodepool_is_never_looked_at(exoscale: Exoscale) -> None:
    exoscale.scale("p", 3)
    exoscale.fails = True
    run(ready(pool(3), autoscaler=False), "old", "p")
    run(ready(pool(3), autoscaler=False), None, "p")
