"""The Exoscale plugin's resources from creation to deletion, over an account in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.plugins.exoscale import api
from sandbox.plugins.wire import Secret
from tests.support.exoscale_account import Account
from tests.support.exoscale_plugin import CertifyingRuntime, Plugin, Refused

CLUSTER = {"zone": "ch-gva-2", "serviceLevel": "starter", "name": "main", "version": "1.36.5"}


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    account = Account(tmp_path, CertifyingRuntime())

    def client(_: api.Clients, zone: str | None = None) -> Any:
        return account.client(zone or api.DEFAULT_ZONE)

    monkeypatch.setattr(api.Clients, "client", client)
    monkeypatch.setattr(api, "FIRST_POLL_DELAY", 0.001)
    return account


@pytest.fixture
def plugin(account: Account) -> Plugin:
    return Plugin()


def _pool(cluster_id: str, **more: Any) -> dict[str, Any]:
    pool = {"zone": "ch-gva-2", "clusterId": cluster_id, "name": "workers", "size": 2}
    return pool | {"instanceType": "standard.small"} | more


def test_a_cluster(plugin: Plugin, account: Account) -> None:
    cluster_id, state = plugin.create("SksCluster", CLUSTER | {"labels": {"a": "b"}})
    assert account.api.get_sks_cluster(id=cluster_id)["labels"] == {"a": "b"}
    assert state["endpoint"] == "https://127.0.0.1:6443"
    assert state["aggregationCa"] == f"{cluster_id} aggregation"
    assert state["addons"] == ["exoscale-cloud-controller", "metrics-server"]
    assert state["state"] == "running"
    assert state["createdAt"].endswith(" +0000 UTC")
    assert any(line.startswith("creating the cluster (") for line in plugin.engine.lines)

    inputs = plugin.check("SksCluster", CLUSTER | {"description": "new", "autoUpgrade": True})
    state = plugin.update("SksCluster", cluster_id, state, inputs)
    cluster = account.api.get_sks_cluster(id=cluster_id)
    assert (cluster["description"], cluster["auto-upgrade"]) == ("new", True)
    assert (state["description"], state["autoUpgrade"]) == ("new", True)

    plugin.delete("SksCluster", cluster_id, state)
    assert account.runtime.clusters == {}
    assert plugin.read("SksCluster", cluster_id, state) == ("", {}, {})
    plugin.delete("SksCluster", cluster_id, state)


def test_updates_that_the_official_provider_ignores(plugin: Plugin, account: Account) -> None:
    cluster_id, state = plugin.create("SksCluster", CLUSTER)
    before = account.api.get_sks_cluster(id=cluster_id)
    change = {
        "cni": "cilium",
        "serviceLevel": "pro",
        "exoscaleCcm": False,
        "metricsServer": False,
        "oidc": {"clientId": "a", "issuerUrl": "https://example.com"},
        "addons": ["exoscale-cloud-controller"],
    }
    inputs = plugin.check("SksCluster", CLUSTER | change)
    assert set(plugin.diff("SksCluster", state, inputs).diffs) == change.keys()
    plugin.update("SksCluster", cluster_id, state, inputs)
    assert account.api.get_sks_cluster(id=cluster_id) == before


def test_turning_off_storage_is_refused(plugin: Plugin) -> None:
    cluster_id, state = plugin.create("SksCluster", CLUSTER | {"exoscaleCsi": True})
    inputs = plugin.check("SksCluster", CLUSTER)
    with pytest.raises(Refused, match="disabling the CSI addon is not supported"):
        plugin.update("SksCluster", cluster_id, state, inputs)


def test_a_failed_creation_keeps_its_object(plugin: Plugin, account: Account) -> None:
    account.runtime.fail = "no capacity"
    with pytest.raises(Refused, match=r"operation: .*no capacity") as refused:
        plugin.create("SksCluster", CLUSTER)
    kept = refused.value.kept
    assert kept is not None
    assert account.api.get_sks_cluster(id=kept.id)["name"] == "main"
    assert kept.properties["state"] == "error"
    with pytest.raises(Refused, match="in state error"):
        plugin.update(
            "SksCluster", kept.id, {"zone": "ch-gva-2"}, plugin.check("SksCluster", CLUSTER)
        )
    with pytest.raises(Refused, match="thing is in state error"):
        plugin.read("SksCluster", kept.id, {"zone": "ch-gva-2"})


def test_an_interrupted_creation_keeps_its_object(plugin: Plugin, account: Account) -> None:
    plugin.provider.cancelled.set()
    with pytest.raises(Refused, match="interrupted while creating the cluster") as refused:
        plugin.create("SksCluster", CLUSTER)
    assert refused.value.kept is not None
    assert account.api.get_sks_cluster(id=refused.value.kept.id)


def test_a_timeout_names_what_took_too_long(plugin: Plugin, account: Account) -> None:
    with pytest.raises(Refused, match=r"timed out after 0s creating the cluster"):
        plugin.create("SksCluster", CLUSTER, timeout=1e-9)


def test_the_apis_words_in_errors(plugin: Plugin) -> None:
    with pytest.raises(Refused, match=r"CreateSKSCluster: http response: Bad Request:") as refused:
        plugin.create("SksCluster", CLUSTER | {"serviceLevel": "gold"})
    assert refused.value.kept is None


def test_a_nodepool(plugin: Plugin, account: Account) -> None:
    cluster_id, _ = plugin.create("SksCluster", CLUSTER)
    group_id, _ = plugin.create("SecurityGroup", {"name": "nodes"})
    given = _pool(cluster_id, securityGroupIds=[group_id], taints={"only": "web:NoSchedule"})
    pool_id, state = plugin.create("SksNodepool", given)
    pool = account.api.get_sks_nodepool(id=cluster_id, sks_nodepool_id=pool_id)
    assert pool["taints"] == {"only": {"value": "web", "effect": "NoSchedule"}}
    assert state["instanceType"] == "standard.small"
    assert state["instancePoolId"] == pool["instance-pool"]["id"]
    assert state["securityGroupIds"] == [group_id]
    assert state["taints"] == {"only": "web:NoSchedule"}

    inputs = plugin.check("SksNodepool", given | {"size": 3, "labels": {"a": "b"}, "diskSize": 60})
    state = plugin.update("SksNodepool", pool_id, state, inputs)
    pool = account.api.get_sks_nodepool(id=cluster_id, sks_nodepool_id=pool_id)
    assert (pool["size"], pool["labels"], pool["disk-size"]) == (3, {"a": "b"}, 60)
    assert pool["security-groups"] == [{"id": group_id}]
    assert not plugin.diff("SksNodepool", state, inputs).detailedDiff

    inputs = plugin.check("SksNodepool", inputs | {"ipv6": True})
    plugin.update("SksNodepool", pool_id, state, inputs)
    after = account.api.get_sks_nodepool(id=cluster_id, sks_nodepool_id=pool_id)
    assert after.get("public-ip-assignment") == pool.get("public-ip-assignment")

    plugin.delete("SksNodepool", pool_id, state)
    plugin.delete("SksNodepool", pool_id, state)
    assert plugin.read("SksNodepool", pool_id, state) == ("", {}, {})


def test_security_group_rules(plugin: Plugin, account: Account) -> None:
    group_id, group = plugin.create("SecurityGroup", {"externalSources": ["192.0.2.0/24"]})
    assert group["externalSources"] == ["192.0.2.0/24"]
    inputs = plugin.check("SecurityGroup", {"name": group["name"]})
    group = plugin.update("SecurityGroup", group_id, group, inputs)
    assert "externalSources" not in group

    common = {"securityGroupId": group_id, "type": "INGRESS"}
    tcp_id, tcp = plugin.create(
        "SecurityGroupRule", common | {"startPort": 80, "endPort": 81, "cidr": "0.0.0.0/0"}
    )
    ping_id, ping = plugin.create(
        "SecurityGroupRule",
        common | {"protocol": "icmp", "icmpType": 8, "userSecurityGroupId": group_id},
    )
    assert tcp == common | {
        "id": tcp_id,
        "cidr": "0.0.0.0/0",
        "description": "",
        "startPort": 80,
        "endPort": 81,
        "protocol": "TCP",
        "securityGroup": group["name"],
    }
    assert (ping["protocol"], ping["icmpType"], ping["icmpCode"]) == ("ICMP", 8, 0)
    assert ping["userSecurityGroup"] == group["name"]

    plugin.delete("SecurityGroupRule", tcp_id, tcp)
    assert plugin.read("SecurityGroupRule", tcp_id, tcp)[0] == ""
    assert plugin.read("SecurityGroupRule", ping_id, ping)[0] == ping_id
    with pytest.raises(Refused, match="either cidr or user_security_group_id"):
        plugin.create("SecurityGroupRule", common)


def test_a_refresh_takes_drift_into_outputs_and_given_inputs(
    plugin: Plugin, account: Account
) -> None:
    cluster_id, state = plugin.create("SksCluster", CLUSTER)
    inputs = plugin.check("SksCluster", CLUSTER | {"description": ""})
    account.done(account.api.update_sks_cluster(id=cluster_id, description="drift", name="other"))
    found, outputs, refreshed = plugin.read("SksCluster", cluster_id, state, inputs)
    assert found == cluster_id
    assert (outputs["description"], refreshed["description"]) == ("drift", "drift")
    assert (refreshed["name"], refreshed["__defaults"]) == ("other", inputs["__defaults"])
    assert "autoUpgrade" not in refreshed


def test_imports(plugin: Plugin, account: Account) -> None:
    cluster_id, _ = plugin.create("SksCluster", CLUSTER)
    group_id, _ = plugin.create("SecurityGroup", {"name": "nodes"})
    spread_id, _ = plugin.create("AntiAffinityGroup", {})
    pool_id, _ = plugin.create("SksNodepool", _pool(cluster_id))
    rule_id, _ = plugin.create(
        "SecurityGroupRule",
        {"type": "EGRESS", "protocol": "ESP", "cidr": "::/0", "securityGroupId": group_id},
    )
    for kind, text, expected in (
        ("SksCluster", f"{cluster_id}@ch-gva-2", cluster_id),
        ("SksNodepool", f"{cluster_id}/{pool_id}@ch-gva-2", pool_id),
        ("SecurityGroup", group_id, group_id),
        ("SecurityGroupRule", f"{group_id}/{rule_id}", rule_id),
        ("AntiAffinityGroup", spread_id, spread_id),
    ):
        found, outputs, inputs = plugin.read(kind, text)
        assert found == expected
        assert plugin.failures(kind, inputs) == []
        checked = plugin.check(kind, inputs, inputs)
        assert not plugin.diff(kind, outputs, checked).detailedDiff


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("SksCluster", "x", 'invalid ID "x", expected format "<ID>@<ZONE>"'),
        ("SksNodepool", "x@z", 'expected format "<CLUSTER-ID>/<NODEPOOL-ID>@<ZONE>"'),
        ("SecurityGroupRule", "x", "<SECURITY-GROUP-ID>/<SECURITY-GROUP-RULE-ID>"),
        ("SksKubeconfig", "1:2", "exoscale_sks_kubeconfig doesn't support import"),
    ],
)
def test_imports_by_wrong_ids(kind: str, text: str, words: str) -> None:
    plugin = Plugin()
    assert plugin.read(kind, text) == ("", {}, {})
    assert any(words in line for line in plugin.engine.lines)


def test_a_kubeconfig_is_renewed_before_it_ends(plugin: Plugin, account: Account) -> None:
    cluster_id, _ = plugin.create("SksCluster", CLUSTER)
    given = {"zone": "ch-gva-2", "clusterId": cluster_id, "user": "me", "groups": ["a"]}
    kubeconfig_id, state = plugin.create("SksKubeconfig", given | {"ttlSeconds": 3600})
    assert isinstance(state["kubeconfig"], Secret)
    assert "client-certificate-data" in state["kubeconfig"].value
    assert state["readyForRenewal"] is False
    assert len(kubeconfig_id.split(":")) == 2

    inputs = plugin.check("SksKubeconfig", given | {"ttlSeconds": 3600})
    assert not plugin.diff("SksKubeconfig", state, inputs).detailedDiff
    later = plugin.check("SksKubeconfig", given | {"ttlSeconds": 3600, "earlyRenewalSeconds": 60})
    answer = plugin.diff("SksKubeconfig", state, later)
    assert (list(answer.diffs), list(answer.replaces)) == (["earlyRenewalSeconds"], [])
    assert plugin.update("SksKubeconfig", kubeconfig_id, state, later)["earlyRenewalSeconds"] == 60
    soon = plugin.check("SksKubeconfig", given | {"ttlSeconds": 3600, "earlyRenewalSeconds": 3700})
    assert list(plugin.diff("SksKubeconfig", state, soon).replaces) == ["readyForRenewal"]

    found, outputs, _ = plugin.read("SksKubeconfig", kubeconfig_id, state, inputs)
    assert (found, outputs) == (kubeconfig_id, state)
    plugin.delete("SksKubeconfig", kubeconfig_id, state)


def test_a_function_that_is_not_there(plugin: Plugin) -> None:
    with pytest.raises(Refused, match="getElasticIp is not supported"):
        plugin.invoke("getElasticIp")
