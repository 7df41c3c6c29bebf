"""The cloud controller of a real cluster: load balancers follow its Services."""

import time
from collections.abc import Iterator

import pytest

from sandbox.sks.load_balancer_spec import PREFIX
from tests.support.polling import eventually
from tests.support.sks_account import SksAccount, account_with_cluster, address, balanced, names

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SksAccount]:
    with account_with_cluster(tmp_path_factory.mktemp("sks"), nodes=2) as account:
        yield account


@pytest.fixture
def namespace(account: SksAccount) -> Iterator[str]:
    name = f"n{time.monotonic_ns()}"
    account.core.create_namespace({"metadata": {"name": name}})
    yield name
    account.core.delete_namespace(name)


def test_a_load_balancer_follows_its_service(account: SksAccount, namespace: str) -> None:
    core = account.core
    core.create_namespaced_service(namespace, balanced("web", 80, 443))
    ip = eventually(lambda: address(account, "web", namespace))

    (nlb,) = account.load_balancers()
    assert nlb["ip"] == ip
    service = core.read_namespaced_service("web", namespace)
    assert nlb["name"] == f"k8s-{service.metadata.uid}"
    assert service.metadata.annotations[PREFIX + "id"] == nlb["id"]
    node_ports = {port.port: port.node_port for port in service.spec.ports}
    assert {item["port"]: item["target-port"] for item in nlb["services"]} == node_ports

    change = {
        "metadata": {
            "annotations": {
                PREFIX + "service-strategy": "source-hash",
                PREFIX + "name": "other",
                PREFIX + "description": "not what it was made with",
            }
        },
        "spec": {"ports": [{"$patch": "replace"}, {"name": "p8080", "port": 8080}]},
    }
    core.patch_namespaced_service("web", namespace, change)

    def changed() -> bool:
        (now,) = account.load_balancers()
        assert now.get("description", "") == ""
        return now["name"] == "other" and [(i["port"], i["strategy"]) for i in now["services"]] == [
            (8080, "source-hash")
        ]

    eventually(changed)
    core.patch_namespaced_service("web", namespace, {"spec": {"type": "ClusterIP"}})
    eventually(lambda: not account.load_balancers())
    eventually(lambda: not core.read_namespaced_service("web", namespace).metadata.finalizers)
    assert address(account, "web", namespace) is None


def test_one_that_is_deleted_is_made_anew_when_the_service_changes(
    account: SksAccount, namespace: str
) -> None:
    core = account.core
    core.create_namespaced_service(namespace, balanced("web", 80))
    dead = eventually(lambda: address(account, "web", namespace))
    (nlb,) = account.load_balancers()
    account.done(account.exoscale.delete_load_balancer(id=nlb["id"]))
    core.patch_namespaced_service("web", namespace, {"metadata": {"labels": {"not": "looked-at"}}})
    core.create_namespaced_service(namespace, balanced("later", 80))
    eventually(lambda: address(account, "later", namespace))
    assert address(account, "web", namespace) == dead
    assert len(account.load_balancers()) == 1

    change = {"metadata": {"annotations": {"any": "thing"}}}
    core.patch_namespaced_service("web", namespace, change)
    eventually(lambda: address(account, "web", namespace) not in (None, dead))
    assert len(account.load_balancers()) == 2
    for name in ("web", "later"):
        core.delete_namespaced_service(name, namespace)
    eventually(lambda: not account.load_balancers())


def test_a_load_balancer_goes_with_its_service(account: SksAccount, namespace: str) -> None:
    account.core.create_namespaced_service(namespace, balanced("web", 80))
    eventually(lambda: address(account, "web", namespace))
    account.core.delete_namespaced_service("web", namespace)
    eventually(lambda: "web" not in names(account.core.list_namespaced_service(namespace)))
    assert account.load_balancers() == []


def test_backends_are_healthy_where_the_service_answers(
    account: SksAccount, namespace: str
) -> None:
    core = account.core
    core.create_namespaced_service(namespace, balanced("web", 80))
    eventually(lambda: address(account, "web", namespace))

    def status() -> list[str]:
        (nlb,) = account.load_balancers()
        return sorted(backend["status"] for backend in nlb["services"][0]["healthcheck-status"])

    assert status() == ["failure", "failure"]
    pod = {
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    core.create_namespaced_pod(namespace, pod)
    eventually(lambda: status() == ["success", "success"])
    core.patch_namespaced_service("web", namespace, {"spec": {"externalTrafficPolicy": "Local"}})
    eventually(lambda: status() == ["failure", "success"])
    core.delete_namespaced_pod("web", namespace, grace_period_seconds=0)
    eventually(lambda: status() == ["failure", "failure"])
    core.delete_namespaced_service("web", namespace)
    eventually(lambda: not account.load_balancers())


def test_a_health_check_of_udp_asks_kube_proxy_or_nobody(
    account: SksAccount, namespace: str
) -> None:
    """The check is a TCP connection, by default to the port itself, which takes none."""
    core = account.core
    service = balanced("dns", 53)
    service["spec"]["ports"][0]["protocol"] = "UDP"
    core.create_namespaced_service(namespace, service)
    pod = {
        "metadata": {"name": "dns", "labels": {"app": "dns"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    core.create_namespaced_pod(namespace, pod)
    eventually(lambda: address(account, "dns", namespace))

    def ready() -> bool:
        statuses = core.read_namespaced_pod("dns", namespace).status.container_statuses
        return bool(statuses and statuses[0].ready)

    def status() -> list[str]:
        (nlb,) = account.load_balancers()
        return sorted(backend["status"] for backend in nlb["services"][0]["healthcheck-status"])

    eventually(ready)
    assert status() == ["failure", "failure"]
    core.patch_namespaced_service("dns", namespace, {"spec": {"externalTrafficPolicy": "Local"}})
    eventually(lambda: status() == ["failure", "success"])
    core.delete_namespaced_service("dns", namespace)
    eventually(lambda: not account.load_balancers())


def test_an_external_load_balancer_is_used_and_kept(account: SksAccount, namespace: str) -> None:
    identity = account.done(account.exoscale.create_load_balancer(name="mine"))
    service = balanced("web", 80, external="true", name="mine")
    account.core.create_namespaced_service(namespace, service)
    eventually(lambda: address(account, "web", namespace))
    (nlb,) = account.load_balancers()
    assert (nlb["id"], len(nlb["services"])) == (identity, 1)
    account.core.delete_namespaced_service("web", namespace)
    eventually(lambda: not account.load_balancers()[0]["services"])
    account.done(account.exoscale.delete_load_balancer(id=identity))


def test_two_nodepools_need_an_instance_pool_in_the_annotations(
    account: SksAccount, namespace: str
) -> None:
    before = {pool["id"] for pool in account.nodepools()}
    account.add_nodepool("others", 1)
    (other,) = [pool for pool in account.nodepools() if pool["id"] not in before]
    account.core.create_namespaced_service(namespace, balanced("web", 80))

    def failure() -> str:
        events = account.core.list_namespaced_event(namespace).items
        return "".join(e.message for e in events if e.reason == "SyncLoadBalancerFailed")

    assert eventually(failure) == (
        "Error syncing load balancer: failed to ensure load balancer: multiple Instance Pools "
        "detected across cluster Nodes, an Instance Pool ID must be specified in Service manifest "
        "annotations"
    )
    assert account.load_balancers() == []
    annotation = {PREFIX + "service-instancepool-id": other["instance-pool"]["id"]}
    account.core.patch_namespaced_service(
        "web", namespace, {"metadata": {"annotations": annotation}}
    )
    eventually(lambda: address(account, "web", namespace))
    (nlb,) = account.load_balancers()
    assert nlb["services"][0]["instance-pool"]["id"] == other["instance-pool"]["id"]
    account.core.delete_namespaced_service("web", namespace)
    eventually(lambda: not account.load_balancers())
    account.done(
        account.exoscale.delete_sks_nodepool(id=account.cluster_id, sks_nodepool_id=other["id"])
    )
    assert len(account.core.list_node().items) == 2
