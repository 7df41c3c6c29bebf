"""Which load balancers still send to nodes that are to go."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from components.sks_cluster.nodepools.moved_load_balancers import missing_moves
from tests.program.unit.engine import ANSWERS, Engine, run
from tests.program.unit.nodes_api import Cluster, serving

FUNCTION = "exoscale:index/getNlbServiceList:getNlbServiceList"
IDENTITY = "service.beta.kubernetes.io/exoscale-loadbalancer-id"

SERVICES = ["shop/web", "shop/inside", "shop/pending"]


class NotFound(grpc.RpcError):
    """What the engine passes on from a provider."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return "load balancer not found"


def service(name: str, *, type_: str = "LoadBalancer", ports: int = 1) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "shop", "annotations": {IDENTITY: "balancer"}},
        "spec": {"type": type_, "ports": [{"port": 80 + number} for number in range(ports)]},
    }


def missing(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, *pools: str) -> str:
    """What is missing where the load balancer sends to these instance pools."""
    services = [{"instancePoolId": pool} for pool in pools]
    # without services there is no such key, as test_exoscale_plugin_life.py has it
    monkeypatch.setitem(ANSWERS, FUNCTION, {"services": services} if services else {})
    with serving(cluster) as api:
        _, found = run(
            lambda: missing_moves(api, ["old", "older"], zone="ch-gva-2", services=SERVICES)
        )
    assert isinstance(found, str)
    return found


def test_one_that_sends_to_them_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(services=[service("web", ports=2)])
    expected = (
        "the load balancers of these Services have not moved yet: shop/web (sends to its nodes)"
    )
    assert missing(monkeypatch, cluster, "old", "old") == expected
    assert missing(monkeypatch, cluster, "new", "old") == expected
    assert missing(monkeypatch, cluster, "new", "new") == ""


def test_one_that_is_being_made_anew_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(services=[service("web", ports=2)])
    assert missing(monkeypatch, cluster, "new").endswith("shop/web (is being recreated)")
    assert missing(monkeypatch, cluster).endswith("shop/web (is being recreated)")


def test_one_that_exoscale_does_not_know_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise NotFound

    monkeypatch.setattr(Engine, "call", fail)
    with serving(Cluster(services=[service("web")])) as api:
        _, found = run(lambda: missing_moves(api, ["old"], zone="ch-gva-2", services=SERVICES))
    assert "shop/web (" in found
    assert "load balancer not found" in found


def test_other_services_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    other = service("pending")
    del other["metadata"]["annotations"]
    cluster = Cluster(services=[service("inside", type_="ClusterIP"), other])
    assert missing(monkeypatch, cluster, "old") == ""


def test_one_that_the_same_update_takes_out_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It goes after the drain, with its Service."""
    assert missing(monkeypatch, Cluster(services=[service("leaving")]), "old") == ""
