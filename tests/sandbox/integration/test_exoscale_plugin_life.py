"""The Exoscale plugin's resources from creation to deletion, refresh, import.

Every test passes with the official plugin as well (see test_exoscale_plugin_inputs.py).
"""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from sandbox.plugins.wire import Secret
from tests.sandbox.integration.exoscale_plugin import (
    ABSENT,
    CLUSTER,
    ZONE,
    ExoscalePlugin,
    World,
    given,
    pool,
)
from tests.support.account import OLDER_VERSION, VERSION
from tests.support.exoscale_plugin import KINDS, Refused

pytestmark = pytest.mark.integration


def test_a_cluster(plugin: ExoscalePlugin, exoscale: World, name: str) -> None:
    inputs = CLUSTER | {"name": name, "labels": {"a": "b"}, "featureGates": ["B", "A"]}
    identity, state = plugin.create("SksCluster", inputs)
    assert given(state).keys() == {
        "addons", "aggregationCa", "autoUpgrade", "cni", "controlPlaneCa", "createdAt",
        "description", "enableKubeProxy", "endpoint", "exoscaleCcm", "exoscaleCsi",
        "featureGates", "id", "kubeletCa", "labels", "metricsServer", "name", "nodepools",
        "serviceLevel", "state", "version", "zone",
    }  # fmt: skip
    assert state["addons"] == ["exoscale-cloud-controller", "metrics-server"]
    assert state["featureGates"] == ["A", "B"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC", state["createdAt"])
    assert (state["state"], state["description"]) == ("running", "")
    checked = plugin.check("SksCluster", inputs)
    news = plugin.check("SksCluster", inputs | {"description": "d", "autoUpgrade": True}, checked)
    state = plugin.update("SksCluster", identity, state, news)
    found = exoscale.api.get_sks_cluster(id=identity)
    assert (found["description"], found["auto-upgrade"]) == ("d", True)
    assert (state["description"], state["autoUpgrade"]) == ("d", True)
    plugin.delete("SksCluster", identity, state)
    assert plugin.read("SksCluster", identity, state, news) == ("", {}, {})


def test_updates_that_are_ignored(plugin: ExoscalePlugin, exoscale: World, name: str) -> None:
    identity, state = plugin.create("SksCluster", CLUSTER | {"name": name})
    before = exoscale.api.get_sks_cluster(id=identity)
    change = {
        "cni": "cilium",
        "serviceLevel": "pro",
        "exoscaleCcm": False,
        "metricsServer": False,
        "oidc": {"clientId": "a", "issuerUrl": "https://example.com"},
    }
    news = plugin.check("SksCluster", CLUSTER | {"name": name} | change)
    plugin.update("SksCluster", identity, state, news)
    assert exoscale.api.get_sks_cluster(id=identity) == before


def test_an_update_drops_oidc_and_feature_gates(
    plugin: ExoscalePlugin, exoscale: World, name: str
) -> None:
    """Whatever is updated: egoscale sends both as null. The provider's state shows neither loss."""
    oidc = {"clientId": "a", "issuerUrl": "https://example.com"}
    inputs = CLUSTER | {"name": name, "oidc": oidc, "featureGates": ["A"]}
    identity, state = plugin.create("SksCluster", inputs)
    news = plugin.check("SksCluster", inputs | {"description": "d"})
    state = plugin.update("SksCluster", identity, state, news)
    found = exoscale.api.get_sks_cluster(id=identity)
    assert ("oidc" in found, found["feature-gates"]) == (False, [])
    assert (state["oidc"]["clientId"], state["featureGates"]) == ("a", ["A"])
    assert not plugin.diff("SksCluster", state, news).diffs
    _, refreshed, _ = plugin.read("SksCluster", identity, state, news)
    assert (refreshed["oidc"]["clientId"], refreshed["featureGates"]) == ("a", [])


def test_an_upgrade_drops_nothing(plugin: ExoscalePlugin, exoscale: World, name: str) -> None:
    oidc = {"clientId": "a", "issuerUrl": "https://example.com"}
    inputs = CLUSTER | {"name": name, "oidc": oidc, "featureGates": ["A"], "version": OLDER_VERSION}
    identity, state = plugin.create("SksCluster", inputs)
    news = plugin.check("SksCluster", inputs | {"version": VERSION})
    plugin.update("SksCluster", identity, state, news)
    found = exoscale.api.get_sks_cluster(id=identity)
    assert (found["version"], found["feature-gates"]) == (VERSION, ["A"])
    assert found["oidc"] == {"client-id": "a", "issuer-url": "https://example.com"}


def test_sets_in_the_state_are_as_planned(plugin: ExoscalePlugin, name: str) -> None:
    """An addon, or a nodepool, that an update or something else brings shows after a refresh."""
    inputs = CLUSTER | {"name": name}
    identity, state = plugin.create("SksCluster", inputs)
    plugin.create("SksNodepool", pool(identity, name))
    news = plugin.check("SksCluster", inputs | {"exoscaleCsi": True})
    state = plugin.update("SksCluster", identity, state, news)
    storage = "exoscale-container-storage-interface"
    assert state["exoscaleCsi"] is True
    assert (storage in state["addons"], state["nodepools"]) == (False, [])
    _, refreshed, _ = plugin.read("SksCluster", identity, state, news)
    assert (storage in refreshed["addons"], len(refreshed["nodepools"])) == (True, 1)


def test_an_audit_log_taken_out_is_turned_off(
    plugin: ExoscalePlugin, exoscale: World, name: str
) -> None:
    audit = {"enabled": True, "endpoint": "https://audit.example", "bearerToken": "t"}
    identity, state = plugin.create("SksCluster", CLUSTER | {"name": name, "audit": audit})
    news = plugin.check("SksCluster", CLUSTER | {"name": name})
    state = plugin.update("SksCluster", identity, state, news)
    assert exoscale.api.get_sks_cluster(id=identity)["audit"] == {
        "enabled": False,
        "endpoint": "https://audit.example",
        "initial-backoff": "10s",
    }
    assert not plugin.diff("SksCluster", state, news).diffs


def test_a_storage_addon_stays(plugin: ExoscalePlugin, name: str) -> None:
    inputs = CLUSTER | {"name": name, "exoscaleCsi": True}
    identity, state = plugin.create("SksCluster", inputs)
    news = plugin.check("SksCluster", inputs | {"exoscaleCsi": False})
    with pytest.raises(Refused) as refused:
        plugin.update("SksCluster", identity, state, news)
    urn = f"urn:pulumi:dev::test::{KINDS['SksCluster']}::thing"
    problem = "1 error occurred:\n\t* disabling the CSI addon is not supported\n\n"
    assert str(refused.value) == f"updating {urn}: {problem}"


def test_a_nodepool(plugin: ExoscalePlugin, exoscale: World, sks_cluster: str, name: str) -> None:
    inputs = pool(sks_cluster, name, labels={"a": "b"}, taints={"k": "v:NoSchedule"})
    identity, state = plugin.create("SksNodepool", inputs)
    assert given(state).keys() >= {
        "clusterId", "createdAt", "description", "diskSize", "id", "instancePoolId",
        "instancePrefix", "instanceType", "ipv6", "labels", "name", "size", "state",
        "storageLvm", "taints", "templateId", "version", "zone",
    }  # fmt: skip
    for change, key, expected in (
        ({"size": 2}, "size", 2),
        ({"size": 2, "description": "d"}, "description", "d"),
        ({"size": 2, "instanceType": "standard.medium"}, "instanceType", "standard.medium"),
        ({"size": 2, "taints": {"k": "v:NoExecute"}}, "taints", {"k": "v:NoExecute"}),
    ):
        news = plugin.check("SksNodepool", inputs | change)
        state = plugin.update("SksNodepool", identity, state, news)
        assert state[key] == expected
    found = exoscale.api.get_sks_nodepool(id=sks_cluster, sks_nodepool_id=identity)
    assert (found["size"], found["taints"]["k"]["effect"]) == (2, "NoExecute")
    plugin.delete("SksNodepool", identity, state)
    assert plugin.read("SksNodepool", identity, state, news) == ("", {}, {})
    elsewhere = {**state, "clusterId": str(uuid4())}
    with pytest.raises(Refused, match="GetSKSCluster: http response: Not Found: "):
        plugin.read("SksNodepool", identity, elsewhere, news)


def test_a_kubeconfig(plugin: ExoscalePlugin, sks_cluster: str) -> None:
    inputs = ZONE | {
        "clusterId": sks_cluster,
        "user": "me",
        "groups": ["b", "a"],
        "ttlSeconds": 3600,
    }
    identity, state = plugin.create("SksKubeconfig", inputs)
    assert re.fullmatch(r"\d+:\d+", identity)
    assert isinstance(state["kubeconfig"], Secret)
    assert "client-certificate-data" in state["kubeconfig"].value
    assert (state["groups"], state["readyForRenewal"]) == (["a", "b"], False)
    _, refreshed, _ = plugin.read("SksKubeconfig", identity, state)
    assert given(refreshed) == given(state)
    plugin.delete("SksKubeconfig", identity, state)


def test_groups_and_rules(plugin: ExoscalePlugin, exoscale: World, name: str) -> None:
    identity, state = plugin.create(
        "SecurityGroup", {"name": name, "externalSources": ["192.0.2.0/24", "10.0.0.0/8"]}
    )
    assert state["externalSources"] == ["10.0.0.0/8", "192.0.2.0/24"]
    news = plugin.check("SecurityGroup", {"name": name, "externalSources": ["192.0.2.0/24"]})
    state = plugin.update("SecurityGroup", identity, state, news)
    found = exoscale.api.get_security_group(id=identity)
    assert found["external-sources"] == ["192.0.2.0/24"]
    rule = {"type": "INGRESS", "securityGroupId": identity}
    peers: tuple[dict[str, Any], ...] = (
        {"protocol": "tcp", "startPort": 80, "endPort": 80, "cidr": "0.0.0.0/0"},
        {"protocol": "UDP", "startPort": 1, "endPort": 9, "userSecurityGroupId": identity},
        {"protocol": "ICMP", "icmpType": 8, "icmpCode": 0, "cidr": "10.0.0.0/8"},
        {"startPort": 9, "endPort": 9, "publicSecurityGroup": "public-nlb-healthcheck-sources"},
    )
    for peer in peers:
        made, made_state = plugin.create("SecurityGroupRule", rule | peer)
        assert made_state["securityGroup"] == name
        assert made_state["protocol"] == peer.get("protocol", "TCP").upper()
        (listed,) = exoscale.api.get_security_group(id=identity)["rules"]
        assert listed["id"] == made
        plugin.delete("SecurityGroupRule", made, made_state)
    plugin.delete("SecurityGroup", identity, state)
    assert plugin.read("SecurityGroup", identity, state, news) == ("", {}, {})


def test_a_private_network(plugin: ExoscalePlugin, exoscale: World, name: str) -> None:
    inputs = ZONE | {"name": name, "description": "d", "labels": {"a": "b"}}
    addresses = {"startIp": "10.0.0.10", "endIp": "10.0.0.20", "netmask": "255.255.255.0"}
    identity, state = plugin.create("PrivateNetwork", inputs | addresses)
    assert given(state) == inputs | addresses | {"id": identity}
    change = {"startIp": "10.0.0.11", "description": ""}
    news = plugin.check("PrivateNetwork", inputs | addresses | change)
    state = plugin.update("PrivateNetwork", identity, state, news)
    found = exoscale.api.get_private_network(id=identity)
    # the provider can't empty a description
    assert (found["start-ip"], found["description"]) == ("10.0.0.11", "d")
    assert (state["startIp"], state["description"]) == ("10.0.0.11", "d")
    plugin.delete("PrivateNetwork", identity, state)


def test_a_domain_with_a_record(plugin: ExoscalePlugin, exoscale: World, name: str) -> None:
    domain, domain_state = plugin.create("Domain", {"name": f"{name}.example"})
    assert given(domain_state) == {"id": domain, "name": f"{name}.example"}
    inputs = {"domain": domain, "name": "www", "recordType": "TXT", "content": "a b"}
    identity, state = plugin.create("DomainRecord", inputs)
    outputs = {"contentNormalized": '"a b"', "hostname": f"www.{name}.example"}
    assert given(state) == inputs | outputs | {"id": identity, "ttl": 3600, "prio": 0}
    news = plugin.check("DomainRecord", inputs | {"content": "c", "ttl": 60})
    state = plugin.update("DomainRecord", identity, state, news)
    found = exoscale.api.get_dns_domain_record(domain_id=domain, record_id=identity)
    assert (found["content"], found["ttl"], found["name"]) == ('"c"', 60, "www")
    assert (state["content"], state["contentNormalized"]) == ("c", '"c"')
    exoscale.api.update_dns_domain_record(domain_id=domain, record_id=identity, content="d")
    _, refreshed, _ = plugin.read("DomainRecord", identity, state, news)
    assert refreshed["content"] == '"d"'
    # an empty name is not sent: a record stays where it is
    apex = plugin.check("DomainRecord", inputs | {"name": ""})
    assert plugin.update("DomainRecord", identity, state, apex)["name"] == "www"
    plugin.delete("DomainRecord", identity, state)
    with pytest.raises(Refused, match="GetDNSDomainRecord: http response: Not Found: "):
        plugin.read("DomainRecord", identity, state, news)
    plugin.delete("Domain", domain, domain_state)
    assert plugin.read("Domain", domain, domain_state) == ("", {}, {})


def test_a_load_balancer(plugin: ExoscalePlugin, exoscale: World, name: str) -> None:
    inputs = ZONE | {"name": name, "description": "d"}
    identity, state = plugin.create("Nlb", inputs)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC", state["createdAt"])
    ip = exoscale.api.get_load_balancer(id=identity)["ip"]
    computed = {"createdAt": state["createdAt"], "ipAddress": ip, "services": []}
    assert given(state) == inputs | computed | {"id": identity, "state": "running"}
    news = plugin.check("Nlb", inputs | {"description": "", "labels": {"a": "b"}})
    state = plugin.update("Nlb", identity, state, news)
    # the provider can't empty a description
    assert (state["description"], state["labels"]) == ("d", {"a": "b"})
    plugin.delete("Nlb", identity, state)
    assert plugin.read("Nlb", identity, state, news) == ("", {}, {})


def test_imports(plugin: ExoscalePlugin, sks_cluster: str, name: str) -> None:
    group, _ = plugin.create("SecurityGroup", {"name": name})
    rule, _ = plugin.create(
        "SecurityGroupRule",
        {"type": "EGRESS", "protocol": "ESP", "cidr": "::/0", "securityGroupId": group},
    )
    nodes, _ = plugin.create("SksNodepool", pool(sks_cluster, name, labels={"a": "b"}))
    spread, _ = plugin.create("AntiAffinityGroup", {"name": name})
    network, _ = plugin.create("PrivateNetwork", ZONE | {"name": name})
    domain, _ = plugin.create("Domain", {"name": f"{name}.example"})
    record, _ = plugin.create(
        "DomainRecord", {"domain": domain, "name": "", "recordType": "TXT", "content": "a"}
    )
    balancer, _ = plugin.create("Nlb", ZONE | {"name": name})
    for kind, text, identity in (
        ("SksCluster", f"{sks_cluster}@ch-gva-2", sks_cluster),
        ("SksNodepool", f"{sks_cluster}/{nodes}@ch-gva-2", nodes),
        ("SecurityGroup", group, group),
        ("SecurityGroupRule", f"{group}/{rule}", rule),
        ("AntiAffinityGroup", spread, spread),
        ("PrivateNetwork", f"{network}@ch-gva-2", network),
        ("Domain", domain, domain),
        ("DomainRecord", record, record),
        ("Nlb", f"{balancer}@ch-gva-2", balancer),
    ):
        found, state, inputs = plugin.read(kind, text)
        assert found == identity
        checked = plugin.check(kind, inputs, inputs)
        assert not plugin.diff(kind, state, checked).detailedDiff
    _, _, inputs = plugin.read("SksNodepool", f"{sks_cluster}/{nodes}@ch-gva-2")
    # of the defaults, numbers are told and texts are not
    assert (inputs["diskSize"], "instancePrefix" in inputs) == (50, False)
    assert inputs["labels"] == {"a": "b", "__defaults": []}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("SksCluster", ABSENT),
        ("SksCluster", f"{ABSENT}@ch-gva-2"),
        ("SksNodepool", f"{ABSENT}@ch-gva-2"),
        ("SksKubeconfig", "1:2"),
        ("SecurityGroup", ABSENT),
        ("SecurityGroupRule", ABSENT),
        ("AntiAffinityGroup", ABSENT),
        ("DomainRecord", ABSENT),
        ("Nlb", ABSENT),
    ],
)
def test_imports_of_nothing(plugin: ExoscalePlugin, kind: str, text: str) -> None:
    assert plugin.read(kind, text) == ("", {}, {})


def test_a_refresh_finds_what_has_changed(
    plugin: ExoscalePlugin, exoscale: World, sks_cluster: str, name: str
) -> None:
    inputs = plugin.check("SksNodepool", pool(sks_cluster, name))
    identity, state = plugin.create("SksNodepool", pool(sks_cluster, name))
    operation = exoscale.api.update_sks_nodepool(
        id=sks_cluster, sks_nodepool_id=identity, description="by hand", labels={"by": "hand"}
    )
    exoscale.api.wait(operation["id"])
    _, refreshed, refreshed_inputs = plugin.read("SksNodepool", identity, state, inputs)
    assert (refreshed["description"], refreshed["labels"]) == ("by hand", {"by": "hand"})
    assert plugin.diff("SksNodepool", refreshed, inputs).diffs
    assert refreshed_inputs["diskSize"] == 50
