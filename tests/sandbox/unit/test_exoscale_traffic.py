"""What of an account's load balancers reaches the thing that carries their traffic."""

from collections.abc import Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from sandbox.nlb.service import HealthCheck, Service
from tests.support.exoscale_account import Account, MemoryRuntime, refused


class MemoryTraffic:
    """A Traffic that keeps what it was told; `failing` is a port that can't be listened on."""

    network = IPv4Network("127.1.2.0/24")

    def __init__(self) -> None:
        self.services: list[Service] = []
        self.failing = 0
        self.well: set[str] = set()

    def carry(self, services: Sequence[Service]) -> dict[str, str]:
        self.services = list(services)
        return {s.id: f"port {s.port} is taken" for s in services if s.port == self.failing}

    def healthy(self, service_id: str) -> set[str]:
        return self.well

    @property
    def targets(self) -> list[str]:
        """Of the one service."""
        (service,) = self.services
        return list(service.targets)


@pytest.fixture
def traffic() -> MemoryTraffic:
    return MemoryTraffic()


@pytest.fixture
def account(tmp_path: Path, traffic: MemoryTraffic) -> Account:
    return Account(tmp_path, traffic=traffic)


def balanced(account: Account, **changes: Any) -> dict[str, Any]:
    """What `add-service-to-load-balancer` takes, of a new load balancer and a nodepool of two."""
    nodepool = account.nodepool(account.cluster())
    pools = account.api.list_instance_pools()["instance-pools"]
    (pool,) = (each["id"] for each in pools if each["manager"]["id"] == nodepool)
    return {
        "id": account.done(account.api.create_load_balancer(name="k8s")),
        "name": "web",
        "protocol": "tcp",
        "strategy": "source-hash",
        "port": 80,
        "target_port": 30080,
        "healthcheck": {"mode": "http", "port": 30081, "uri": "/healthz", "interval": 5},
        "instance_pool": {"id": pool},
    } | changes


def addresses(account: Account) -> list[str]:
    return [instance["public-ip"] for instance in account.api.list_instances()["instances"]]


def test_a_service_is_carried_as_it_is_stored(account: Account, traffic: MemoryTraffic) -> None:
    service = balanced(account)
    account.done(account.api.add_service_to_load_balancer(**service))
    (stored,) = account.api.get_load_balancer(id=service["id"])["services"]
    check = HealthCheck("http", 30081, interval=5, timeout=2, retries=1, uri="/healthz")
    assert traffic.services == [
        Service(
            id=stored["id"],
            address="127.1.2.1",
            protocol="tcp",
            port=80,
            target_port=30080,
            strategy="source-hash",
            health_check=check,
            targets=tuple(addresses(account)),
        )
    ]
    where = {"id": service["id"], "service_id": stored["id"]}
    account.done(account.api.update_load_balancer_service(**where, strategy="round-robin"))
    assert [each.strategy for each in traffic.services] == ["round-robin"]
    account.done(account.api.delete_load_balancer_service(**where))
    assert traffic.services == []


def test_a_deleted_load_balancer_carries_nothing(account: Account, traffic: MemoryTraffic) -> None:
    service = balanced(account)
    account.done(account.api.add_service_to_load_balancer(**service))
    account.done(account.api.delete_load_balancer(id=service["id"]))
    assert traffic.services == []


def test_targets_are_the_instances_that_stay(tmp_path: Path, traffic: MemoryTraffic) -> None:
    """A node that is to go is no target any more by the time it goes."""
    targets_meanwhile: list[list[str]] = []

    class Runtime(MemoryRuntime):
        def set_nodepool(self, *arguments: Any) -> None:
            super().set_nodepool(*arguments)
            if traffic.services:
                targets_meanwhile.append(traffic.targets)

    account = Account(tmp_path, Runtime(), traffic=traffic)
    account.done(account.api.add_service_to_load_balancer(**balanced(account)))
    (cluster,) = account.api.list_sks_clusters()["sks-clusters"]
    where = {"id": cluster["id"], "sks_nodepool_id": cluster["nodepools"][0]["id"]}
    before = addresses(account)
    account.done(account.api.scale_sks_nodepool(**where, size=1))
    account.done(account.api.scale_sks_nodepool(**where, size=3))
    assert targets_meanwhile == [before[1:], addresses(account)]
    assert len(addresses(account)) == 3


def test_the_status_is_what_the_checks_found(account: Account, traffic: MemoryTraffic) -> None:
    service = balanced(account)
    account.done(account.api.add_service_to_load_balancer(**service))
    well, failing = addresses(account)
    traffic.well = {well}
    (stored,) = account.api.get_load_balancer(id=service["id"])["services"]
    assert stored["healthcheck-status"] == [
        {"public-ip": well, "status": "success"},
        {"public-ip": failing, "status": "failure"},
    ]


def test_a_port_that_can_not_be_listened_on_is_refused(
    account: Account, traffic: MemoryTraffic
) -> None:
    traffic.failing = 443
    service = balanced(account)
    with refused(409, "port 443 is taken"):
        account.api.add_service_to_load_balancer(**{**service, "port": 443})
    assert account.api.get_load_balancer(id=service["id"])["services"] == []
    account.done(account.api.add_service_to_load_balancer(**service))


def test_services_are_carried_again_after_a_restart(
    tmp_path: Path, account: Account, traffic: MemoryTraffic
) -> None:
    account.done(account.api.add_service_to_load_balancer(**balanced(account)))
    again = MemoryTraffic()
    Account(tmp_path, traffic=again).app.state.resume()
    assert again.services == traffic.services


def test_a_restart_says_which_port_is_taken(tmp_path: Path, account: Account) -> None:
    account.done(account.api.add_service_to_load_balancer(**balanced(account)))
    again = MemoryTraffic()
    again.failing = 80
    with pytest.raises(Exception, match="port 80 is taken"):
        Account(tmp_path, traffic=again).app.state.resume()
