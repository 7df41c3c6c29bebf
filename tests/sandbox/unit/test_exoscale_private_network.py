"""Private networks and deploy targets, by Exoscale's own Python client."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.exoscale_account import Account, refused

MANAGED = {"start_ip": "10.0.0.10", "end_ip": "10.0.0.12", "netmask": "255.255.255.0"}


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


def network(account: Account, **fields: Any) -> str:
    return account.done(account.api.create_private_network(**{"name": "backend", **fields}))


def test_the_life_of_a_network(account: Account) -> None:
    api = account.api
    id_ = network(account, description="a", labels={"b": "c"})
    found = api.get_private_network(id=id_)
    assert (found["name"], found["description"], found["labels"]) == ("backend", "a", {"b": "c"})
    assert "leases" not in found
    account.done(api.update_private_network(id=id_, name="other", **MANAGED))
    found = api.get_private_network(id=id_)
    assert (found["name"], found["start-ip"], found["leases"]) == ("other", "10.0.0.10", [])
    account.done(api.reset_private_network_field(id=id_, field="labels"))
    assert api.list_private_networks()["private-networks"][0]["labels"] == {}
    assert account.client("de-fra-1").list_private_networks() == {"private-networks": []}
    account.done(api.delete_private_network(id=id_))
    with refused(404, "private-network .* not found"):
        api.get_private_network(id=id_)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"start_ip": "10.0.0.1"}, "go together"),
        (MANAGED | {"end_ip": "10.0.0.9"}, "no range of 10.0.0.0/24"),
        (MANAGED | {"end_ip": "10.0.1.9"}, "no range of 10.0.0.0/24"),
        (MANAGED | {"netmask": "255.0.255.0"}, "body.netmask"),
    ],
)
def test_what_a_managed_network_can_not_be(
    account: Account, fields: dict[str, str], message: str
) -> None:
    with refused(400, message):
        network(account, **fields)


def test_instances_of_a_nodepool_have_leases_and_keep_the_network(account: Account) -> None:
    api = account.api
    id_ = network(account, **MANAGED)
    cluster = account.cluster()
    nodepool = account.nodepool(cluster, size=2, private_networks=[{"id": id_}])
    where = {"id": cluster, "sks_nodepool_id": nodepool}
    assert api.get_sks_nodepool(**where)["private-networks"] == [{"id": id_}]
    instances = api.list_instances()["instances"]
    assert [i["private-networks"][0]["id"] for i in instances] == [id_, id_]
    assert [set(i["private-networks"][0]) for i in instances] == [{"id", "mac-address"}] * 2
    leases = api.get_private_network(id=id_)["leases"]
    assert leases == [
        {"ip": f"10.0.0.{last}", "instance-id": instance["id"]}
        for last, instance in zip((10, 11), instances, strict=True)
    ]
    with refused(409, "Cannot delete network when it's in use by virtual machines"):
        api.delete_private_network(id=id_)
    with refused(409, "every address from 10.0.0.10 to 10.0.0.12 is in use"):
        api.scale_sks_nodepool(**where, size=4)
    account.done(api.update_sks_nodepool(**where, private_networks=[]))
    with refused(409, "in use"):
        api.delete_private_network(id=id_)
    account.done(api.delete_sks_nodepool(**where))
    account.done(api.delete_private_network(id=id_))


def test_a_network_of_another_zone_is_not_found(account: Account) -> None:
    elsewhere = account.client("de-fra-1").create_private_network(name="far")["reference"]["id"]
    cluster = account.cluster()
    with refused(404, "private-network .* not found"):
        account.nodepool(cluster, private_networks=[{"id": elsewhere}])


def test_a_nodepool_may_name_the_zones_deploy_target(account: Account) -> None:
    api = account.api
    (target,) = api.list_deploy_targets()["deploy-targets"]
    assert api.get_deploy_target(id=target["id"]) == target
    cluster = account.cluster()
    nodepool = account.nodepool(cluster, size=1, deploy_target={"id": target["id"]})
    where = {"id": cluster, "sks_nodepool_id": nodepool}
    assert api.get_sks_nodepool(**where)["deploy-target"] == {"id": target["id"]}
    assert api.list_instances()["instances"][0]["id"]
    (pool,) = api.list_instance_pools()["instance-pools"]
    assert pool["deploy-target"] == {"id": target["id"]}
    account.done(api.update_sks_nodepool(**where, deploy_target=None))
    assert "deploy-target" not in api.get_sks_nodepool(**where)


def test_kubelet_settings_reach_new_nodes(account: Account) -> None:
    cluster = account.cluster()
    nodepool = account.nodepool(
        cluster,
        size=1,
        disk_size=100,
        addons=["storage-lvm"],
        public_ip_assignment="dual",
        kubelet_max_pods=30,
        kubelet_image_gc={"low-threshold": 60, "high-threshold": 80, "min-age": "2m"},
    )
    where = {"id": cluster, "sks_nodepool_id": nodepool}
    found = account.api.get_sks_nodepool(**where)
    assert (found["kubelet-max-pods"], found["addons"]) == (30, ["storage-lvm"])
    assert found["kubelet-image-gc"]["low-threshold"] == 60
    spec = account.runtime.clusters[cluster][nodepool]
    assert spec.max_pods == 30
    (instance,) = account.api.list_instances()["instances"]
    assert spec.addresses == [[instance["public-ip"], instance["ipv6-address"]]]
    account.done(account.api.update_sks_nodepool(**where, kubelet_max_pods=None))
    account.done(account.api.scale_sks_nodepool(**where, size=2))
    assert account.runtime.clusters[cluster][nodepool].max_pods == 110
