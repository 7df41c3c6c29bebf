"""The sandbox's Exoscale API, spoken to by Exoscale's own Python client.

Every answer is checked against Exoscale's OpenAPI document on the way (`check_answers`).
"""

import logging
import re
from pathlib import Path

import pytest
from exoscale.api.exceptions import ExoscaleAPIServerException

from sandbox.exoscale_api.openapi import document
from tests.support.exoscale_account import (
    BASE_URL,
    CREDENTIALS,
    SMALL,
    Account,
    refused,
)
from tests.support.security_group_rules import HEALTH_CHECK_SOURCES

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


def test_zones_are_exoscales_with_an_endpoint_each(account: Account) -> None:
    answer = account.api.http_client.get(f"{BASE_URL}/v2/zone", auth=lambda request: request)
    endpoints = {zone["name"]: zone["api-endpoint"] for zone in answer.json()["zones"]}
    assert len(endpoints) == 8
    assert endpoints["de-fra-1"] == f"{BASE_URL}/de-fra-1/v2"


def test_what_is_not_simulated_answers_501_with_its_name(account: Account) -> None:
    with pytest.raises(ExoscaleAPIServerException, match=r"501: .*list-dbaas-service-types"):
        account.api.list_dbaas_service_types()


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


def test_a_nodepool_that_a_load_balancer_uses_can_not_be_deleted(account: Account) -> None:
    api = account.api
    cluster = account.cluster()
    nodepool = account.nodepool(cluster)
    (pool,) = api.list_instance_pools()["instance-pools"]
    nlb = account.done(api.create_load_balancer(name="k8s"))
    used = {"id": nlb, **SERVICE, "instance_pool": {"id": pool["id"]}}
    account.done(api.add_service_to_load_balancer(**used))
    with pytest.raises(Exception, match=r"403: .*managed Instance Pool is locked by NLB"):
        api.delete_sks_nodepool(id=cluster, sks_nodepool_id=nodepool)
    account.done(api.delete_load_balancer(id=nlb))
    account.done(api.delete_sks_nodepool(id=cluster, sks_nodepool_id=nodepool))


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
    cluster, group = account.cluster(), account.group()
    account.nodepool(cluster, security_groups=[group])
    (pool,) = api.list_instance_pools()["instance-pools"]
    first = account.done(api.create_load_balancer(name="k8s-a"))
    second = account.done(api.create_load_balancer(name="k8s-b"))
    ips = [api.get_load_balancer(id=id_)["ip"] for id_ in (first, second)]
    assert ips == ["203.0.113.1", "203.0.113.2"]

    service = {"id": first, **SERVICE, "instance_pool": {"id": pool["id"]}}
    assert account.done(api.add_service_to_load_balancer(**service)) == first
    (stored,) = api.get_load_balancer(id=first)["services"]
    assert stored["healthcheck"] == {**HEALTHCHECK, "interval": 10, "timeout": 2, "retries": 1}
    assert [s["status"] for s in stored["healthcheck-status"]] == ["failure", "failure"]
    account.let_in(group, 30000, 32767, security_group=HEALTH_CHECK_SOURCES)
    (stored,) = api.get_load_balancer(id=first)["services"]
    assert [s["status"] for s in stored["healthcheck-status"]] == ["success", "failure"]
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


def test_the_host_name_of_a_zone_is_the_zone(account: Account) -> None:
    frankfurt = "http://api-de-fra-1.exoscale.com/v2/load-balancer"
    account.api.http_client.post(frankfurt, json={"name": "k8s-a"}).raise_for_status()
    assert len(account.client("de-fra-1").list_load_balancers()["load-balancers"]) == 1
    assert account.api.list_load_balancers() == {"load-balancers": []}


def test_instance_types(account: Account) -> None:
    small = account.api.get_instance_type(**SMALL)
    assert (small["family"], small["size"], small["cpus"]) == ("standard", "small", 2)
    assert small["memory"] == 2 * 2**30
    types = account.api.list_instance_types()["instance-types"]
    assert {"tiny", "medium", "large", "huge"} <= {type_["size"] for type_ in types}
    assert len({type_["id"] for type_ in types}) == len(types)
    assert [t["gpus"] for t in types if (t["family"], t["size"]) == ("gpu", "huge")] == [4]


def test_an_answer_that_the_document_does_not_allow_is_found_out() -> None:
    operation, _ = document().match("GET", "/zone")
    document().check_answer(operation, {"zones": [{"name": "ch-gva-2"}]})
    with pytest.raises(ValueError, match=r"list-zones: .*us-east-1"):
        document().check_answer(operation, {"zones": [{"name": "us-east-1"}]})


def test_a_line_is_logged_for_a_request_without_a_secret(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = account.cluster()
    with caplog.at_level(logging.INFO):
        caplog.clear()
        account.api.generate_sks_cluster_kubeconfig(id=cluster, user="admin", groups=["g"])
    (record,) = caplog.records
    assert re.fullmatch(
        rf"POST /ch-gva-2/v2/sks-cluster-kubeconfig/{cluster} "
        r"generate-sks-cluster-kubeconfig 200 \d+ ms",
        record.getMessage(),
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
