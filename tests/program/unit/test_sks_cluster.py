"""What the cluster's component declares, with the engine mocked."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pydantic import SecretStr

from components.existing_cluster.args import ExistingClusterArgs
from components.existing_cluster.existing_cluster import ExistingCluster
from components.sks_cluster.args import SksClusterArgs
from components.sks_cluster.sks_cluster import SksCluster
from tests.program.unit.engine import Engine, run

WORLD = "0.0.0.0/0"
POOL = {"name": "workers", "instanceType": "standard.small", "size": 2, "diskSize": 20}
IDS = [f"5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3{digit}" for digit in "abcdef"]
CALICO = {("TCP", 10250, 10250), ("UDP", 4789, 4789)}
CILIUM = {("TCP", 10250, 10250), ("UDP", 8472, 8472), ("TCP", 4240, 4240), ("ICMP", None, None)}


def cluster(**changes: Any) -> SksClusterArgs:
    keys = {"zone": "ch-gva-2", "version": "1.34.3", "nodepools": [POOL]} | changes
    return SksClusterArgs.model_validate(keys)


def declare(**changes: Any) -> Engine:
    return run(lambda: SksCluster("web", cluster(**changes)).kubeconfig)[0]


def rules(**changes: Any) -> list[dict[str, Any]]:
    return list(declare(**changes).of_type("SecurityGroupRule").values())


def ports(rule: dict[str, Any]) -> tuple[str, int | None, int | None]:
    return rule["protocol"], rule.get("startPort"), rule.get("endPort")


@pytest.mark.parametrize(
    ("cni", "expected"),
    [("calico", CALICO), ("cilium", CILIUM), ("none", {("TCP", 10250, 10250)})],
)
def test_only_the_nodes_themselves_reach_the_kubelet_and_the_overlay(
    cni: str, expected: set[tuple[str, int | None, int | None]]
) -> None:
    declared = rules(cni=cni)
    inside = [rule for rule in declared if "userSecurityGroupId" in rule]
    assert {ports(rule) for rule in inside} == expected
    assert all("cidr" not in rule and rule["userSecurityGroupId"] == "web-id" for rule in inside)
    assert all(rule["description"] for rule in declared)


def test_the_firewall_is_closed_to_the_world_unless_told() -> None:
    declared = rules()
    assert not [rule for rule in declared if "cidr" in rule]
    assert [r["publicSecurityGroup"] for r in declared if "publicSecurityGroup" in r] == [
        "public-nlb-healthcheck-sources"
    ]
    opened = rules(nodePortSources=[WORLD], allowOpenNetworks=True)
    assert [(r["cidr"], *ports(r)) for r in opened if "cidr" in r] == [(WORLD, "TCP", 30000, 32767)]


def test_more_ways_in() -> None:
    more = [
        {"name": "web", "ports": "8000-8010", "sources": ["192.0.2.0/24", "2001:db8::/32"]},
        {"name": "ping", "protocol": "ICMP", "sources": ["192.0.2.0/24"], "description": "echo"},
    ]
    found = {rule["description"]: rule for rule in rules(firewallRules=more) if "cidr" in rule}
    assert {told: (rule["cidr"], *ports(rule)) for told, rule in found.items()} == {
        "web from 192.0.2.0/24": ("192.0.2.0/24", "TCP", 8000, 8010),
        "web from 2001:db8::/32": ("2001:db8::/32", "TCP", 8000, 8010),
        "echo": ("192.0.2.0/24", "ICMP", None, None),
    }
    assert (found["echo"]["icmpType"], found["echo"]["icmpCode"]) == (8, 0)


def test_every_setting_of_the_control_plane_reaches_it() -> None:
    found = declare(
        name="front",
        description="of the shop",
        labels={"team": "shop"},
        level="pro",
        cni="cilium",
        kubeProxy=True,
        csi=True,
        metricsServer=False,
        autoUpgrade=True,
        featureGates=["SomeGate"],
        oidc={"clientId": "kube", "issuerUrl": "https://login.example", "groupsClaim": "groups"},
    ).of_type("SksCluster")["web"]
    assert found == {
        "zone": "ch-gva-2",
        "version": "1.34.3",
        "name": "front",
        "description": "of the shop",
        "labels": {"team": "shop"},
        "serviceLevel": "pro",
        "cni": "cilium",
        "enableKubeProxy": True,
        "exoscaleCcm": True,
        "exoscaleCsi": True,
        "metricsServer": False,
        "autoUpgrade": True,
        "featureGates": ["SomeGate"],
        "oidc": {"clientId": "kube", "issuerUrl": "https://login.example", "groupsClaim": "groups"},
    }


def test_no_network_plugin_is_an_empty_one_for_the_provider() -> None:
    assert declare(cni="none").of_type("SksCluster")["web"]["cni"] == ""


def test_the_audit_log_is_on_and_its_token_a_secret() -> None:
    audit = {"endpoint": "https://audit.example", "bearerToken": "token"}
    sent = declare(audit=audit).of_type("SksCluster")["web"]["audit"]
    assert pulumi.runtime.rpc.is_rpc_secret(sent)
    assert pulumi.runtime.rpc.unwrap_rpc_secret(sent) == {
        "enabled": True,
        "endpoint": "https://audit.example",
        "bearerToken": "token",
        "initialBackoff": "10s",
    }


def test_every_setting_of_a_nodepool_reaches_it() -> None:
    pool = {
        **POOL,
        "description": "for graphics",
        "instancePrefix": "gpu",
        "labels": {"gpu": "yes"},
        "taints": {"gpu": "yes:PreferNoSchedule"},
        "antiAffinityGroups": [IDS[0]],
        "securityGroups": [IDS[1]],
        "privateNetworks": [IDS[2]],
        "deployTarget": IDS[3],
        "diskSize": 100,
        "localStorage": True,
        "ipv6": True,
        "imageGarbageCollection": {"lowThreshold": 60, "highThreshold": 70, "minAge": "1h"},
    }
    assert declare(nodepools=[pool]).of_type("SksNodepool")["web-workers"] == {
        "clusterId": "web-id",
        "zone": "ch-gva-2",
        "instanceType": "standard.small",
        "size": 2,
        "diskSize": 100,
        "description": "for graphics",
        "instancePrefix": "gpu",
        "labels": {"gpu": "yes"},
        "taints": {"gpu": "yes:PreferNoSchedule"},
        "antiAffinityGroupIds": ["web-workers-id", IDS[0]],
        "securityGroupIds": ["web-id", IDS[1]],
        "privateNetworkIds": [IDS[2]],
        "deployTargetId": IDS[3],
        "storageLvm": True,
        "ipv6": True,
        "kubeletImageGcs": [{"lowThreshold": 60, "highThreshold": 70, "minAge": "1h"}],
    }


def test_each_nodepool_has_a_group_of_its_own_unless_told() -> None:
    pools = [POOL, {**POOL, "name": "dense", "antiAffinity": False}]
    engine = declare(nodepools=pools)
    assert set(engine.of_type("AntiAffinityGroup")) == {"web-workers"}
    assert "antiAffinityGroupIds" not in engine.of_type("SksNodepool")["web-dense"]


def test_a_new_kubeconfig_never_replaces_the_kubernetes_provider() -> None:
    provider = declare().of_type("kubernetes")["web"]
    assert provider["clusterIdentifier"] == "web-id"


def test_the_kubeconfig_is_a_secret_of_the_given_user() -> None:
    assert run(lambda: SksCluster("web", cluster()).kubeconfig.is_secret())[1] is True
    engine = declare(kubeconfig={"user": "ci", "groups": ["deployers"], "ttlSeconds": 900000})
    assert engine.of_type("SksKubeconfig") == {
        "web": {
            "clusterId": "web-id",
            "zone": "ch-gva-2",
            "user": "ci",
            "groups": ["deployers"],
            "ttlSeconds": 900000,
            "earlyRenewalSeconds": 604800,
        }
    }


def test_people_get_a_kubeconfig_that_shows_and_changes_nothing() -> None:
    def program() -> Any:
        declared = SksCluster("web", cluster(readOnlyKubeconfig={}))
        assert declared.read_only_kubeconfig
        return declared.read_only_kubeconfig.is_secret()

    engine, is_secret = run(program)
    binding = engine.of_type("ClusterRoleBinding")["web-read-only"]
    group = "rbac.authorization.k8s.io"
    assert binding["roleRef"] == {"apiGroup": group, "kind": "ClusterRole", "name": "view"}
    assert binding["subjects"] == [{"apiGroup": group, "kind": "Group", "name": "read-only"}]
    kubeconfig = engine.of_type("SksKubeconfig")["web-read-only"]
    assert (kubeconfig["user"], kubeconfig["groups"]) == ("reader", ["read-only"])
    assert is_secret is True
    assert not declare().of_type("ClusterRoleBinding")


def test_adopted_objects_are_imported_by_their_ids() -> None:
    own, group, pool, hosts = IDS[:4]
    engine = declare(
        adopt={
            "cluster": own,
            "securityGroup": group,
            "nodepools": {"workers": pool},
            "antiAffinityGroups": {"workers": hosts},
        }
    )
    imported = {r.typ.rpartition(":")[2]: r.resource_id for r in engine.resources if r.resource_id}
    assert imported == {
        "SksCluster": f"{own}@ch-gva-2",
        "SecurityGroup": group,
        "AntiAffinityGroup": hosts,
        "SksNodepool": f"{own}/{pool}@ch-gva-2",
    }


def test_an_existing_cluster_is_used_by_its_kubeconfig() -> None:
    kubeconfig = SecretStr("kind: Config\n")
    existing = ExistingClusterArgs(kubeconfig=kubeconfig, context="kind-test")
    engine, is_secret = run(lambda: ExistingCluster("web", existing).kubeconfig.is_secret())
    (provider,) = engine.of_type("kubernetes").values()
    assert provider["context"] == "kind-test"
    assert is_secret is True
    assert len(engine.resources) == 2


def test_a_program_may_have_several_clusters() -> None:
    def program() -> None:
        for name, zone in (("geneva", "ch-gva-2"), ("vienna", "at-vie-1")):
            SksCluster(name, cluster(zone=zone)).drain_removed_nodepools((), ())

    engine, _ = run(program)
    names = [(each.typ, each.name) for each in engine.resources]
    assert len(names) == len(set(names))
    drains = {name for typ, name in names if typ.endswith(":Stash") and "-nodepools" in name}
    assert drains == {"geneva-nodepools", "vienna-nodepools"}
