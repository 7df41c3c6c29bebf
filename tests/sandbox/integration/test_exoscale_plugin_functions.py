"""What the Exoscale plugin's functions answer.

Every test passes with the official plugin as well (see test_exoscale_plugin_inputs.py).
"""

from __future__ import annotations

import pytest

from tests.sandbox.integration.exoscale_plugin import ABSENT, ExoscalePlugin, World, given, pool
from tests.support.exoscale_plugin import Refused

pytestmark = pytest.mark.integration

NOT_SET = {
    "affinityGroupIds": [],
    "antiAffinityGroupIds": [],
    "deployTargetId": "",
    "description": "",
    "elasticIpIds": [],
    "keyPair": "",
    "labels": {},
    "minAvailable": 0,
    "networkIds": [],
    "userData": "",
}
"""Of an instance pool what a nodepool does not give it."""


def test_services_of_a_load_balancer(
    plugin: ExoscalePlugin, exoscale: World, sks_cluster: str, name: str
) -> None:
    identity, state = plugin.create("SksNodepool", pool(sks_cluster, name))
    api = exoscale.api
    balancer = api.wait(api.create_load_balancer(name=name)["id"])["reference"]["id"]
    # without a service there is no key
    assert plugin.invoke("getNlbServiceList", zone="ch-gva-2", nlbId=balancer) == {
        "id": balancer,
        "nlbId": balancer,
        "nlbName": name,
        "zone": "ch-gva-2",
    }
    check = {"mode": "tcp", "port": 30080, "interval": 10, "timeout": 3, "retries": 1}
    operation = api.add_service_to_load_balancer(
        id=balancer,
        name="http",
        port=80,
        target_port=30080,
        protocol="tcp",
        strategy="round-robin",
        instance_pool={"id": state["instancePoolId"]},
        healthcheck=check,
    )
    api.wait(operation["id"])
    found = plugin.invoke("getNlbServiceList", zone="ch-gva-2", nlbId=balancer)
    (service,) = found["services"]
    assert (found["nlbId"], service["instancePoolId"]) == (balancer, state["instancePoolId"])
    assert given(service) | {"id": ""} == {
        "id": "",
        "name": "http",
        "description": "",
        "instancePoolId": state["instancePoolId"],
        "port": 80,
        "targetPort": 30080,
        "protocol": "tcp",
        "state": "running",
        "strategy": "round-robin",
        "healthcheck": check,
    }
    api.wait(api.delete_load_balancer(id=balancer)["id"])
    with pytest.raises(Refused) as refused:
        plugin.invoke("getNlbServiceList", zone="ch-gva-2", nlbId=balancer)
    assert str(refused.value) == "Unable to find Network Load Balancer: resource not found"
    plugin.delete("SksNodepool", identity, state)


def test_a_load_balancer(plugin: ExoscalePlugin, exoscale: World, name: str) -> None:
    made = exoscale.api.create_load_balancer(name=name, description="sells")
    identity = exoscale.api.wait(made["id"])["reference"]["id"]
    for asked in ({"id": identity}, {"name": name}):
        found = plugin.invoke("getNlb", zone="ch-gva-2", **asked)
        assert found.pop("createdAt").endswith(" +0000 UTC")
        assert found == {
            "id": identity,
            "name": name,
            "description": "sells",
            "ipAddress": exoscale.api.get_load_balancer(id=identity)["ip"],
            "state": "running",
            "zone": "ch-gva-2",
        }
    frame = "invoking exoscale:index/getNlb:getNlb: 1 error occurred:\n\t* "
    for asked, problem in (
        ({"id": ABSENT}, "resource not found"),
        ({}, "either name or id must be specified"),
    ):
        with pytest.raises(Refused) as refused:
            plugin.invoke("getNlb", zone="ch-gva-2", **asked)
        assert str(refused.value) == f"{frame}{problem}\n\n"
    exoscale.api.wait(exoscale.api.delete_load_balancer(id=identity)["id"])


def test_domains_and_records(plugin: ExoscalePlugin, name: str) -> None:
    domain, _ = plugin.create("Domain", {"name": f"{name}.example"})
    assert plugin.invoke("getDomain", name=f"{name}.example") == {
        "id": domain,
        "name": f"{name}.example",
    }
    fields = {"domain": domain, "name": "www", "recordType": "A", "content": "192.0.2.1"}
    record, _ = plugin.create("DomainRecord", fields)
    for wanted in ({"id": record}, {"name": "www"}, {"contentRegex": r"^192\."}):
        found = plugin.invoke("getDomainRecord", domain=f"{name}.example", filter=wanted)
        assert found["records"] == [fields | {"id": record, "ttl": 3600, "prio": 0}]
    for function, asked, problem in (
        (
            "getDomain",
            {"name": "absent.example"},
            'error retrieving domain: "absent.example" not found in ListDNSDomainsResponse: '
            "Not Found",
        ),
        (
            "getDomainRecord",
            {"domain": "absent.example", "filter": {"name": "www"}},
            'domain "absent.example" not found',
        ),
        (
            "getDomainRecord",
            {"domain": f"{name}.example", "filter": {"name": "absent"}},
            "no records found",
        ),
    ):
        with pytest.raises(Refused) as refused:
            plugin.invoke(function, **asked)
        frame = f"invoking exoscale:index/{function}:{function}: 1 error occurred:\n\t* "
        assert str(refused.value) == f"{frame}{problem}\n\n"


def test_instance_pools(
    plugin: ExoscalePlugin, exoscale: World, sks_cluster: str, name: str
) -> None:
    group, _ = plugin.create("SecurityGroup", {"name": name})
    made = pool(sks_cluster, name, size=2, securityGroupIds=[group])
    identity, state = plugin.create("SksNodepool", made)
    answer = plugin.invoke("getInstancePoolList", zone="ch-gva-2")
    (found,) = [each for each in answer["pools"] if each["id"] == state["instancePoolId"]]
    addresses = {each["publicIpAddress"] for each in found.pop("instances")}
    live = exoscale.api.list_instances()["instances"]
    assert len(addresses) == 2
    assert addresses <= {each["public-ip"] for each in live}
    assert found == NOT_SET | {
        "id": state["instancePoolId"],
        "name": f"nodepool-{name}-{identity}",
        "zone": "ch-gva-2",
        "state": "running",
        "size": 2,
        "instanceType": "standard.small",
        "instancePrefix": "pool",
        "diskSize": 50,
        "templateId": state["templateId"],
        "ipv6": False,
        "securityGroupIds": [group],
    }
    plugin.delete("SksNodepool", identity, state)
    plugin.delete("SecurityGroup", group, {})
    nothing = plugin.invoke("getInstancePoolList", zone="hr-zag-1")
    # the hash of no IDs
    assert nothing == {"id": "d41d8cd98f00b204e9800998ecf8427e", "zone": "hr-zag-1", "pools": []}
