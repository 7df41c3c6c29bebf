"""The sandbox's Exoscale API, spoken to by Exoscale's own Python client.

Every answer is checked against Exoscale's OpenAPI document on the way (`check_answers`).
"""

import logging
import re
import time
from base64 import b64decode
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from exoscale.api.exceptions import ExoscaleAPIClientException, ExoscaleAPIServerException

from sandbox.exoscale_api import summary
from sandbox.sks.spec import SksError
from tests.unit.exoscale_account import BASE_URL, CREDENTIALS, SMALL, Account, MemoryRuntime

MEDIUM = {"id": "b6e9d1e8-89fc-4db3-aaa4-9b4c5b1d0844"}
HEALTHCHECK = {"mode": "tcp", "port": 30080}
SERVICE = {
    "name": "http",
    "protocol": "tcp",
    "strategy": "round-robin",
    "port": 80,
    "target_port": 30080,
    "healthcheck": HEALTHCHECK,
}


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


def refused(status: int, message: str) -> AbstractContextManager[object]:
    return pytest.raises(ExoscaleAPIClientException, match=f"{status}: .*{message}")


def test_zones_are_exoscales_with_an_endpoint_each(account: Account) -> None:
    answer = account.api.http_client.get(f"{BASE_URL}/v2/zone", auth=lambda request: request)
    endpoints = {zone["name"]: zone["api-endpoint"] for zone in answer.json()["zones"]}
    assert len(endpoints) == 8
    assert endpoints["de-fra-1"] == f"{BASE_URL}/de-fra-1/v2"


def test_what_is_not_simulated_answers_501_with_its_name(account: Account) -> None:
    with pytest.raises(ExoscaleAPIServerException, match=r"501: .*list-dbaas-services"):
        account.api.list_dbaas_services()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("oidc", {"client-id": "a", "issuer-url": "https://issuer.example"}),
        ("audit", {"endpoint": "https://audit.example", "bearer-token": "token"}),
        ("networking", {"cluster-cidr": "10.0.0.0/16"}),
        ("addons", ["karpenter"]),
    ],
)
def test_a_field_that_is_not_simulated_answers_501_with_its_name(
    account: Account, field: str, value: object
) -> None:
    with pytest.raises(ExoscaleAPIServerException, match=f"501: .*({field}|karpenter)"):
        account.cluster(**{field: value})
    assert account.api.list_sks_clusters() == {"sks-clusters": []}


def test_unknown_routes_zones_and_methods(account: Account) -> None:
    http = account.api.http_client
    assert http.get(f"{BASE_URL}/v2/no-such-thing").status_code == 404
    assert http.get(f"{BASE_URL}/elsewhere").status_code == 404
    assert http.get(f"{BASE_URL}/us-east-1/v2/sks-cluster").status_code == 404
    assert http.patch(f"{BASE_URL}/v2/sks-cluster").status_code == 405


@pytest.mark.parametrize("body", ["{", "[]", "null", '{"name": ""}', '{"name": 3}', "{}", ""])
def test_a_body_that_the_document_does_not_allow_is_refused(account: Account, body: str) -> None:
    answer = account.api.http_client.post(f"{BASE_URL}/v2/security-group", data=body.encode())
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Invalid request: ")


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
    with refused(400, "1.12.0 is not available: 1.34.3"):
        api.upgrade_sks_cluster(id=cluster, version="1.12.0")

    account.done(api.delete_sks_cluster(id=cluster))
    assert account.runtime.clusters == {}
    with refused(404, "not found"):
        api.get_sks_cluster(id=cluster)


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
        account.api.create_sks_cluster(name="demo", level="starter", version="1.34.3")
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


def test_scaling_keeps_the_older_nodes_and_eviction_the_others(account: Account) -> None:
    api = account.api
    cluster = account.cluster()
    nodepool = account.nodepool(cluster)
    first = list(account.runtime.clusters[cluster][nodepool].node_names)
    where = {"id": cluster, "sks_nodepool_id": nodepool}

    account.done(api.scale_sks_nodepool(**where, size=4))
    assert list(account.runtime.clusters[cluster][nodepool].node_names)[:2] == first
    account.done(api.scale_sks_nodepool(**where, size=2))
    assert list(account.runtime.clusters[cluster][nodepool].node_names) == first
    evicted = account.runtime.clusters[cluster][nodepool].instance_ids[0]
    account.done(api.evict_sks_nodepool_members(**where, instances=[evicted]))
    assert list(account.runtime.clusters[cluster][nodepool].node_names) == first[1:]
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
    with pytest.raises(ExoscaleAPIServerException, match=r"501: .*private-networks"):
        account.nodepool(cluster, private_networks=[unknown])
    assert account.api.get_sks_cluster(id=cluster)["nodepools"] == []
    assert account.api.list_instances() == {"instances": []}


def test_what_is_in_use_can_not_be_deleted(account: Account) -> None:
    api = account.api
    group = account.done(api.create_security_group(name="sks"))
    affinity = account.done(api.create_anti_affinity_group(name="sks"))
    cluster = account.cluster()
    nodepool = account.nodepool(
        cluster, security_groups=[{"id": group}], anti_affinity_groups=[{"id": affinity}]
    )
    assert len(api.get_anti_affinity_group(id=affinity)["instances"]) == 2
    with refused(409, "in use by virtual machines"):
        api.delete_security_group(id=group)
    with refused(409, "in use by virtual machines"):
        api.delete_anti_affinity_group(id=affinity)
    with refused(409, "still has nodepools"):
        api.delete_sks_cluster(id=cluster)

    account.done(api.delete_sks_nodepool(id=cluster, sks_nodepool_id=nodepool))
    account.done(api.delete_sks_cluster(id=cluster))
    account.done(api.delete_security_group(id=group))
    account.done(api.delete_anti_affinity_group(id=affinity))
    assert api.list_instances() == {"instances": []}
    assert api.list_instance_pools() == {"instance-pools": []}


def test_names_of_groups_are_unique(account: Account) -> None:
    account.done(account.api.create_security_group(name="sks"))
    account.done(account.api.create_anti_affinity_group(name="sks"))
    with refused(409, "sks already exists"):
        account.api.create_security_group(name="sks")
    with refused(409, "sks already exists"):
        account.api.create_anti_affinity_group(name="sks")


def test_rules_of_a_security_group(account: Account) -> None:
    api = account.api
    group = account.done(api.create_security_group(name="sks"))
    kubelet = {
        "id": group,
        "flow_direction": "ingress",
        "protocol": "tcp",
        "start_port": 10250,
        "end_port": 10250,
        "security_group": {"id": group},
    }
    assert account.done(api.add_rule_to_security_group(**kubelet)) == group
    account.done(
        api.add_rule_to_security_group(
            id=group,
            flow_direction="ingress",
            protocol="icmp",
            network="0.0.0.0/0",
            icmp={"type": 8, "code": 0},
        )
    )
    first, second = api.get_security_group(id=group)["rules"]
    assert first["security-group"] == {"id": group, "name": "sks", "visibility": "private"}
    assert (first["start-port"], first["end-port"]) == (10250, 10250)
    assert (second["network"], second["icmp"]) == ("0.0.0.0/0", {"type": 8, "code": 0})

    with refused(409, "already exists"):
        api.add_rule_to_security_group(**kubelet)
    with refused(400, "start-port 2 is above end-port 1"):
        api.add_rule_to_security_group(**{**kubelet, "start_port": 2, "end_port": 1})
    with refused(400, "exactly one of network, security-group"):
        api.add_rule_to_security_group(**kubelet, network="0.0.0.0/0")
    with refused(409, "a rule of group sks refers to it"):
        api.delete_security_group(id=group)
    for rule in (first, second):
        account.done(api.delete_rule_from_security_group(id=group, rule_id=rule["id"]))
    account.done(api.delete_security_group(id=group))


def test_load_balancers_and_their_services(account: Account) -> None:
    api = account.api
    cluster = account.cluster()
    account.nodepool(cluster)
    (pool,) = api.list_instance_pools()["instance-pools"]
    first = account.done(api.create_load_balancer(name="k8s-a"))
    second = account.done(api.create_load_balancer(name="k8s-b"))
    ips = [api.get_load_balancer(id=id_)["ip"] for id_ in (first, second)]
    assert ips == ["203.0.113.1", "203.0.113.2"]

    service = {"id": first, **SERVICE, "instance_pool": {"id": pool["id"]}}
    assert account.done(api.add_service_to_load_balancer(**service)) == first
    (stored,) = api.get_load_balancer(id=first)["services"]
    assert stored["healthcheck"] == {**HEALTHCHECK, "interval": 10, "timeout": 2, "retries": 1}
    assert [status["status"] for status in stored["healthcheck-status"]] == ["failure"] * 2
    with refused(409, "of this name"):
        api.add_service_to_load_balancer(**{**service, "port": 443})
    with refused(409, "on this port"):
        api.add_service_to_load_balancer(**{**service, "name": "other"})
    where = {"id": first, "service_id": stored["id"]}
    account.done(api.update_load_balancer_service(**where, target_port=31000))
    assert api.get_load_balancer_service(**where)["target-port"] == 31000
    account.done(api.delete_load_balancer_service(**where))

    account.done(api.update_load_balancer(id=first, description="web"))
    assert api.get_load_balancer(id=first)["description"] == "web"
    account.done(api.delete_load_balancer(id=first))
    third = account.done(api.create_load_balancer(name="k8s-c"))
    assert api.get_load_balancer(id=third)["ip"] == "203.0.113.1"
    assert len(api.list_load_balancers()["load-balancers"]) == 2


def test_quotas_are_enforced_and_tell_the_usage(tmp_path: Path) -> None:
    account = Account(
        tmp_path, quotas={"instance": 3, "sks-cluster": 1, "network-load-balancer": 0}
    )
    cluster = account.cluster()
    nodepool = account.nodepool(cluster)
    usage = account.api.get_quota(entity="instance")
    assert usage == {"resource": "instance", "usage": 2, "limit": 3}
    with pytest.raises(Exception, match=r"403: .*Quota exceeded: 2 of 3 instance"):
        account.api.scale_sks_nodepool(id=cluster, sks_nodepool_id=nodepool, size=4)
    with pytest.raises(Exception, match=r"403: .*sks-cluster"):
        account.cluster(name="second")
    with pytest.raises(Exception, match=r"403: .*network-load-balancer"):
        account.api.create_load_balancer(name="a")
    assert len(account.api.list_quotas()["quotas"]) == 3


def test_zones_share_groups_and_nothing_else(account: Account) -> None:
    cluster = account.cluster()
    frankfurt = account.client("de-fra-1")
    assert frankfurt.list_sks_clusters() == {"sks-clusters": []}
    with refused(404, "not found"):
        frankfurt.get_sks_cluster(id=cluster)
    group = account.done(account.api.create_security_group(name="sks"))
    assert frankfurt.get_security_group(id=group)["name"] == "sks"


def test_instance_types(account: Account) -> None:
    small = account.api.get_instance_type(**SMALL)
    assert (small["family"], small["size"], small["cpus"]) == ("standard", "small", 2)
    assert small["memory"] == 2 * 2**30
    types = account.api.list_instance_types()["instance-types"]
    assert {"tiny", "medium", "large", "huge"} <= {type_["size"] for type_ in types}


def test_everything_is_there_again_after_a_restart(tmp_path: Path) -> None:
    before = Account(tmp_path)
    cluster = before.cluster()
    before.nodepool(cluster)
    before.done(before.api.create_load_balancer(name="k8s-a"))
    operation = before.api.create_security_group(name="sks")
    before.done(operation)
    pools = before.runtime.clusters[cluster]

    after = Account(tmp_path)
    after.app.state.resume()
    assert after.runtime.started == [cluster]
    assert after.runtime.clusters[cluster] == pools
    for read in ("list_sks_clusters", "list_instances", "list_load_balancers"):
        assert getattr(after.api, read)() == getattr(before.api, read)()
    assert after.api.get_operation(id=operation["id"]) == operation

    found = summary(tmp_path)
    assert [c["name"] for c in found["sks-clusters"]] == ["demo"]
    assert [p["size"] for p in found["sks-clusters"][0]["nodepools"]] == [2]
    assert [lb["ip"] for lb in found["load-balancers"]] == ["203.0.113.1"]
    assert [group["name"] for group in found["security-groups"]] == ["sks"]


def test_operations_that_were_cut_off_run_again(tmp_path: Path) -> None:
    before = Account(tmp_path)
    before.app.state.account.operations.stop()
    before.runtime.fail = "cut off"
    operation = before.api.create_sks_cluster(name="demo", level="starter", version="1.34.3")
    cluster = operation["reference"]["id"]
    deadline = time.monotonic() + 5
    while before.runtime.fail and time.monotonic() < deadline:
        time.sleep(0.001)
    assert before.api.get_operation(id=operation["id"])["state"] == "pending"

    runtime = MemoryRuntime()
    runtime.clusters[cluster] = {}
    after = Account(tmp_path, runtime)
    after.app.state.resume()
    assert after.done(operation) == cluster
    assert after.api.get_sks_cluster(id=cluster)["state"] == "running"


def test_a_cluster_that_does_not_start_is_in_error_until_it_does(tmp_path: Path) -> None:
    cluster = Account(tmp_path).cluster()
    runtime = MemoryRuntime()
    runtime.fail = "no port"
    with pytest.raises(SksError, match="SKS cluster demo: no port"):
        Account(tmp_path, runtime).app.state.resume()
    again = Account(tmp_path)
    assert again.api.get_sks_cluster(id=cluster)["state"] == "error"
    again.app.state.resume()
    assert again.api.get_sks_cluster(id=cluster)["state"] == "running"


def test_a_summary_of_an_unused_account_is_empty(tmp_path: Path) -> None:
    assert not any(summary(tmp_path / "unused").values())


def test_a_line_is_logged_for_a_request_without_a_secret(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = account.cluster()
    with caplog.at_level(logging.INFO):
        caplog.clear()
        account.api.generate_sks_cluster_kubeconfig(id=cluster, user="admin", groups=["g"])
    (record,) = caplog.records
    assert re.fullmatch(
        rf"POST /ch-gva-2/v2/sks-cluster-kubeconfig/{cluster} 200 \d+ ms", record.getMessage()
    )
    assert CREDENTIALS.api_secret not in repr(CREDENTIALS)


def test_a_rule_may_name_a_public_security_group(account: Account) -> None:
    api = account.api
    public = api.list_security_groups(visibility="public")["security-groups"]
    assert {group["name"] for group in public} == {
        "public-nlb-healthcheck-sources",
        "public-sks-apiservers",
    }
    group = account.done(api.create_security_group(name="sks"))
    ports = {"protocol": "tcp", "start_port": 30000, "end_port": 32767}
    health = {"name": "public-nlb-healthcheck-sources", "visibility": "public"}
    rule = {"id": group, "flow_direction": "ingress", **ports}
    account.done(api.add_rule_to_security_group(**rule, security_group=health))
    with refused(404, "public security-group public-printers not found"):
        api.add_rule_to_security_group(
            **rule, security_group={"name": "public-printers", "visibility": "public"}
        )
    [found] = api.get_security_group(id=group)["rules"]
    assert (found["security-group"]["name"], found["security-group"]["visibility"]) == (
        "public-nlb-healthcheck-sources",
        "public",
    )
