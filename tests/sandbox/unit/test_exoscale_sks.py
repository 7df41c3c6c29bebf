"""SKS clusters and nodepools of the sandbox's Exoscale API, by Exoscale's own Python client."""

import re
from base64 import b64decode
from pathlib import Path

import pytest
from exoscale.api.exceptions import ExoscaleAPIServerException

from tests.support.exoscale_account import Account, refused

MEDIUM = {"id": "b6e9d1e8-89fc-4db3-aaa4-9b4c5b1d0844"}


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [("create-default-security-group", True), ("addons", ["karpenter"])],
)
def test_a_field_that_is_not_simulated_answers_501_with_its_name(
    account: Account, field: str, value: object
) -> None:
    with pytest.raises(ExoscaleAPIServerException, match=f"501: .*({field}|karpenter)"):
        account.cluster(**{field.replace("-", "_"): value})
    assert account.api.list_sks_clusters() == {"sks-clusters": []}


def test_the_life_of_a_cluster(account: Account) -> None:
    api = account.api
    cluster = account.cluster(
        cni="calico", addons=["exoscale-cloud-controller", "metrics-server"], labels={"a": "b"}
    )
    answer = api.get_sks_cluster(id=cluster)
    assert answer["state"] == "running"
    assert answer["endpoint"] == "https://127.0.0.1:6443"
    assert answer["addons"] == ["exoscale-cloud-controller", "metrics-server"]
    assert answer["nodepools"] == []
    assert answer["enable-kube-proxy"] is True
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer["created-at"])

    account.done(api.update_sks_cluster(id=cluster, name="renamed", description=None))
    account.done(api.upgrade_sks_cluster_service_level(id=cluster))
    answer = api.get_sks_cluster(id=cluster)
    assert (answer["name"], answer["level"], answer["labels"]) == ("renamed", "pro", {"a": "b"})
    with refused(409, "pro already"):
        api.upgrade_sks_cluster_service_level(id=cluster)
    with refused(400, "1.12.0 is not available: 1.36.5"):
        api.upgrade_sks_cluster(id=cluster, version="1.12.0")

    account.done(api.delete_sks_cluster(id=cluster))
    assert account.runtime.clusters == {}
    with refused(404, "not found"):
        api.get_sks_cluster(id=cluster)


def test_an_operation_is_pending_while_the_work_is_done(account: Account) -> None:
    api = account.api
    account.runtime.ready.clear()
    operation = api.create_sks_cluster(name="demo", level="starter", version="1.36.5")
    cluster = operation["reference"]["id"]
    assert operation["state"] == "pending"
    assert operation["reference"] == {
        "id": cluster,
        "link": f"/v2/sks-cluster/{cluster}",
        "command": "get-sks-cluster",
    }
    assert api.get_operation(id=operation["id"]) == operation
    found = api.get_sks_cluster(id=cluster)
    assert (found["state"], "endpoint" in found) == ("creating", False)
    for refused_call in (
        lambda: api.delete_sks_cluster(id=cluster),
        lambda: api.generate_sks_cluster_kubeconfig(id=cluster, user="a", groups=["b"]),
        lambda: account.nodepool(cluster),
    ):
        with refused(409, "demo is creating"):
            refused_call()
    account.runtime.ready.set()
    assert account.done(operation) == cluster


def test_a_nodepool_takes_one_change_at_a_time(account: Account) -> None:
    cluster = account.cluster()
    where = {"id": cluster, "sks_nodepool_id": account.nodepool(cluster)}
    account.runtime.ready.clear()
    operation = account.api.scale_sks_nodepool(**where, size=3)
    assert account.api.get_sks_nodepool(**where)["state"] == "scaling"
    with refused(400, "The nodepool is already being updated."):
        account.api.scale_sks_nodepool(**where, size=4)
    with refused(400, "The nodepool is already being updated."):
        account.api.delete_sks_nodepool(**where)
    account.runtime.ready.set()
    account.done(operation)
    assert account.api.get_sks_nodepool(**where)["state"] == "running"


def test_kubeconfig_and_authorities_are_the_runtimes_in_base64(account: Account) -> None:
    cluster = account.cluster()
    answer = account.api.generate_sks_cluster_kubeconfig(
        id=cluster, user="admin", groups=["system:masters"]
    )
    assert b64decode(answer["kubeconfig"]).decode() == f"{cluster} admin system:masters 2592000"
    answer = account.api.get_sks_cluster_authority_cert(id=cluster, authority="kubelet")
    assert b64decode(answer["cacert"]).decode() == f"{cluster} kubelet"


def test_a_failed_operation_says_why_and_the_cluster_can_be_deleted(account: Account) -> None:
    account.runtime.fail = "kube-apiserver ended with code 1"
    operation = account.finish(
        account.api.create_sks_cluster(name="demo", level="starter", version="1.36.5")
    )
    assert (operation["state"], operation["reason"]) == ("failure", "fault")
    assert operation["message"] == "kube-apiserver ended with code 1"
    cluster = operation["reference"]["id"]
    assert account.api.get_sks_cluster(id=cluster)["state"] == "error"
    with refused(409, "is error"):
        account.api.generate_sks_cluster_kubeconfig(id=cluster, user="a", groups=["b"])
    account.done(account.api.delete_sks_cluster(id=cluster))


def test_a_nodepool_is_instances_in_an_instance_pool(account: Account) -> None:
    api = account.api
    cluster = account.cluster()
    nodepool = api.get_sks_nodepool(
        id=cluster, sks_nodepool_id=(id_ := account.nodepool(cluster, labels={"role": "web"}))
    )
    assert (nodepool["state"], nodepool["instance-prefix"]) == ("running", "pool")
    assert api.get_sks_cluster(id=cluster)["nodepools"] == [nodepool]

    pool = api.get_instance_pool(id=nodepool["instance-pool"]["id"])
    assert pool["manager"] == {"id": id_, "type": "sks-nodepool"}
    instances = [api.get_instance(id=instance["id"]) for instance in pool["instances"]]
    assert len(instances) == 2
    for instance in instances:
        assert re.fullmatch(rf"pool-{pool['id'][:5]}-[a-z0-9]{{5}}", instance["name"])
        assert instance["manager"] == {"id": pool["id"], "type": "instance-pool"}
        assert (instance["state"], instance["instance-type"]["size"]) == ("running", "small")
    assert len({instance["public-ip"] for instance in instances}) == 2
    managed = api.list_instances(**{"manager_id": pool["id"], "manager_type": "instance-pool"})
    assert len(managed["instances"]) == 2

    spec = account.runtime.clusters[cluster][id_]
    assert list(spec.node_names) == [instance["name"] for instance in instances]
    assert list(spec.instance_ids) == [instance["id"] for instance in instances]
    assert (spec.cpus, spec.memory_bytes, spec.disk_gib) == (2, 2 * 2**30, 50)
    assert (spec.instance_type, spec.labels) == ("standard.small", {"role": "web"})


def test_scaling_chooses_nodes_by_itself_and_eviction_takes_those_that_are_named(
    account: Account,
) -> None:
    api = account.api
    cluster = account.cluster()
    nodepool = account.nodepool(cluster)
    first = list(account.runtime.clusters[cluster][nodepool].node_names)
    where = {"id": cluster, "sks_nodepool_id": nodepool}

    account.done(api.scale_sks_nodepool(**where, size=4))
    four = list(account.runtime.clusters[cluster][nodepool].node_names)
    assert four[:2] == first
    account.done(api.scale_sks_nodepool(**where, size=2))
    two = list(account.runtime.clusters[cluster][nodepool].node_names)
    assert two == four[2:]
    evicted = account.runtime.clusters[cluster][nodepool].instance_ids[0]
    account.done(api.evict_sks_nodepool_members(**where, instances=[evicted]))
    assert list(account.runtime.clusters[cluster][nodepool].node_names) == two[1:]
    assert api.get_sks_nodepool(**where)["size"] == 1
    assert len(api.list_instances()["instances"]) == 1


def test_a_change_of_a_nodepool_reaches_new_instances_only(account: Account) -> None:
    api = account.api
    cluster = account.cluster()
    nodepool = account.nodepool(cluster, size=1)
    where = {"id": cluster, "sks_nodepool_id": nodepool}
    taints = {"dedicated": {"value": "web", "effect": "NoSchedule"}}
    account.done(api.update_sks_nodepool(**where, instance_type=MEDIUM, taints=taints))
    assert [i["instance-type"]["size"] for i in api.list_instances()["instances"]] == ["small"]
    account.done(api.scale_sks_nodepool(**where, size=2))
    sizes = [i["instance-type"]["size"] for i in api.list_instances()["instances"]]
    assert sizes == ["small", "medium"]
    spec = account.runtime.clusters[cluster][nodepool]
    assert (spec.instance_type, spec.taints) == ("standard.medium", {"dedicated": "web:NoSchedule"})


def test_what_a_nodepool_can_not_be(account: Account) -> None:
    cluster = account.cluster()
    unknown = {"id": "00000000-0000-4000-8000-000000000000"}
    with refused(400, "body.size"):
        account.nodepool(cluster, size=0)
    with refused(400, "body.disk-size"):
        account.nodepool(cluster, disk_size=10)
    with refused(400, "not lowercase"):
        account.nodepool(cluster, name="Workers")
    with refused(400, "not a lowercase DNS label"):
        account.nodepool(cluster, instance_prefix="Pool")
    with refused(404, "instance-type .* not found"):
        account.nodepool(cluster, instance_type=unknown)
    with refused(404, "security-group .* not found"):
        account.nodepool(cluster, security_groups=[unknown])
    with refused(404, "private-network .* not found"):
        account.nodepool(cluster, private_networks=[unknown])
    with refused(404, "deploy-target .* not found"):
        account.nodepool(cluster, deploy_target=unknown)
    with refused(400, "storage-lvm needs 100 GiB at least"):
        account.nodepool(cluster, addons=["storage-lvm"])
    assert account.api.get_sks_cluster(id=cluster)["nodepools"] == []
    assert account.api.list_instances() == {"instances": []}


@pytest.mark.parametrize(
    ("family", "size", "status", "message"),
    [
        ("standard", "micro", 400, "standard.micro is too small for a nodepool"),
        ("standard", "tiny", 400, "standard.tiny is too small for a nodepool"),
        ("gpu3", "small", 404, "gpu3.small not found in ch-gva-2"),
        ("gpurtx6000pro", "small", 403, "gpurtx6000pro.small is not authorized"),
    ],
)
def test_instance_types_that_nodes_can_not_have(
    account: Account, family: str, size: str, status: int, message: str
) -> None:
    types = account.api.list_instance_types()["instance-types"]
    (found,) = [type_ for type_ in types if (type_["family"], type_["size"]) == (family, size)]
    cluster = account.cluster()
    nodepool = account.nodepool(cluster)
    reference = {"id": found["id"]}
    expected = f"{status}: .*{message}"
    with pytest.raises(Exception, match=expected):
        account.nodepool(cluster, name="second", instance_type=reference)
    with pytest.raises(Exception, match=expected):
        account.api.update_sks_nodepool(
            id=cluster, sks_nodepool_id=nodepool, instance_type=reference
        )


def test_a_disk_that_serves_volumes_can_not_become_too_small(account: Account) -> None:
    cluster = account.cluster()
    nodepool = account.nodepool(cluster, addons=["storage-lvm"], disk_size=100)
    with refused(400, "storage-lvm needs 100 GiB at least"):
        account.api.update_sks_nodepool(id=cluster, sks_nodepool_id=nodepool, disk_size=99)
