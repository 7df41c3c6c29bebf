"""A stack whose hosts keep their records and their address while everything below them changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.program.integration.test_dns import MAIL, Zone, create_zone
from tests.support.account import Sandbox
from tests.support.stack import CLUSTER, NODEPOOL, Stack, copy_project

pytestmark = pytest.mark.integration

ZONE = "example.org"
SHOP = {"name": "shop", "image": "example/shop:1", "host": f"shop.{ZONE}"}
OWN = {"name": "own", "image": "example/own:1", "host": f"own.{ZONE}", "service": "LoadBalancer"}


@pytest.fixture(scope="module")
def zone(sandbox: Sandbox) -> Zone:
    return create_zone(sandbox.client, ZONE)


@pytest.fixture(scope="module")
def stack(
    sandbox: Sandbox, zone: Zone, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    folder = copy_project(tmp_path_factory.mktemp("kept") / "project")
    stack = Stack("kept", folder, sandbox.environment)
    configure(stack, SHOP, OWN, keep=False)
    stack("stack", "init")
    before = balancers(sandbox)
    stack.up()
    yield stack
    (kept,) = [each for each in stack.steps("destroy", "--preview-only") if "Nlb" in each.kind]
    assert kept.operation == "delete"
    stack("destroy", "--yes", "--skip-preview")
    assert balancers(sandbox) == before
    assert zone.records() == {MAIL}
    sandbox.client.delete_dns_domain(id=zone.id)


def configure(
    stack: Stack, *apps: dict[str, Any], keep: bool = True, level: str = "starter"
) -> None:
    """Give the stack a cluster of one node, these applications, and a controller."""
    pools = [NODEPOOL | {"size": 1}]
    stack.configure(
        {
            "cluster": CLUSTER | {"nodepools": pools, "level": level},
            "ingress": {
                "chart": "./sandbox/charts/ingress-nginx",
                "loadBalancer": {"keep": keep},
            },
            "dns": {"zone": ZONE},
            "apps": [*apps],
        }
    )


def balancers(sandbox: Sandbox) -> dict[str, str]:
    """The addresses of the account's load balancers, by ID."""
    found = sandbox.client.list_load_balancers()["load-balancers"]
    return {each["id"]: each["ip"] for each in found}


def address(stack: Stack) -> str:
    return str(stack.outputs()["load_balancer_address"])


def own_address(stack: Stack) -> str:
    return str(stack.outputs()["own_url"]).removeprefix("http://").removesuffix("/")


def test_each_host_leads_to_what_serves_it(stack: Stack, zone: Zone) -> None:
    shop, own = ("shop", "A", address(stack)), ("own", "A", own_address(stack))
    assert shop[-1] != own[-1]
    assert zone.records() == {MAIL, shop, own}
    assert stack.outputs()["shop_url"] == f"http://shop.{ZONE}/"
    stack("preview", "--expect-no-changes", "--refresh")


def test_records_follow_to_a_load_balancer_that_is_kept(
    stack: Stack, zone: Zone, sandbox: Sandbox
) -> None:
    """The host moves to another application meanwhile, and so does the other one's to it."""
    before, identity = address(stack), zone.identity("shop")
    configure(stack, SHOP | {"name": "front", "additionalHosts": [OWN["host"]]})
    steps = {(step.kind.rpartition(":")[2], step.operation) for step in stack.preview()}
    assert {("Nlb", "create"), ("Release", "replace")} <= steps
    assert ("DomainRecord", "update") in steps
    assert not {("DomainRecord", other) for other in ("replace", "create", "delete")} & steps
    stack.up()
    after = address(stack)
    assert after != before
    assert zone.records() == {MAIL, ("shop", "A", after), ("own", "A", after)}
    assert zone.identity("shop") == identity
    assert before not in balancers(sandbox).values()
    stack("preview", "--expect-no-changes", "--refresh")


def test_another_cluster_has_the_same_address(stack: Stack, zone: Zone, sandbox: Sandbox) -> None:
    before, records = balancers(sandbox), zone.records()
    configure(stack, SHOP | {"name": "front", "additionalHosts": [OWN["host"]]}, level="pro")
    steps = stack.preview()
    assert "replace" in [step.operation for step in steps if step.kind.endswith(":SksCluster")]
    assert not [step for step in steps if step.kind.endswith((":Nlb", ":DomainRecord"))]
    stack.up()
    assert balancers(sandbox) == before
    assert zone.records() == records
    (balancer,) = before
    services = sandbox.client.get_load_balancer(id=balancer)["services"]
    assert {each["port"] for each in services} == {80, 443}
    pools = {each["id"] for each in sandbox.client.list_instance_pools()["instance-pools"]}
    assert {each["instance-pool"]["id"] for each in services} <= pools
