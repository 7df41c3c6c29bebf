"""Mistakes in the settings of a cluster, and what is done with its secrets."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from components.sks_cluster.args import SksClusterArgs
from tests.program.unit.stack_settings import VALID, changed, load, mistakes

WORLD = "0.0.0.0/0"
TOKEN = "token-that-nobody-may-see"
AUDIT = {"endpoint": "https://audit.example", "bearerToken": TOKEN}
OIDC = {"clientId": "kube", "issuerUrl": "https://login.example"}
RULE = {"name": "ssh", "ports": "22", "sources": ["192.0.2.0/24"]}


def cluster(values: dict[str, Any], secret: Collection[str] = ()) -> SksClusterArgs:
    found = load(values, secret).cluster
    assert found
    return found


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("cluster.zone", "ch-gva-9", '"ch-gva-9": must be one of'),
        ("cluster.zone", ..., "is missing"),
        ("cluster.version", "1.34", '"1.34": must be a Kubernetes version in full'),
        ("cluster.version", 1.34, 'must be in quotes and in full, such as "1.36.5"'),
        ("cluster.level", "free", "\"free\": must be one of 'starter' or 'pro'"),
        ("cluster.cni", "flannel", "\"flannel\": must be one of 'calico', 'cilium' or 'none'"),
        ("cluster.kubeProxy", False, "false: must be true with calico"),
        ("cluster.autoUpgrade", "yes", '"yes": must be true or false'),
        ("cluster.description", "x" * 256, "must have at most 255 characters"),
        ("cluster.featureGates", ["some gate"], '"some gate": must be a feature gate'),
        ("cluster.audit", {"bearerToken": TOKEN}, "endpoint: is missing"),
        ("cluster.audit", {"endpoint": "https://audit.example"}, "bearerToken: is missing"),
        ("cluster.audit", {**AUDIT, "endpoint": "audit"}, "must be an address"),
        ("cluster.audit", {**AUDIT, "initialBackoff": "10"}, "must be a duration"),
        ("cluster.oidc", {"clientId": "kube"}, "issuerUrl: is missing"),
        ("cluster.oidc", {**OIDC, "issuerUrl": "http://login.example"}, "starts with https://"),
        ("cluster.nodePortSources", ["10.0.0.1/8"], '"10.0.0.1/8": must be a network'),
        ("cluster.nodePortSources", [WORLD], "must not contain 0.0.0.0/0, unless"),
        ("cluster.nodePortSources", ["::/0"], "must not contain ::/0, unless"),
        ("cluster.nodePortSources", ["0.0.0.0/1", "128.0.0.0/1"], "must not contain 0.0.0.0/1"),
        ("cluster.nodePortSources", ["192.0.2.0/24", "192.0.2.7/32"], "must not overlap"),
        ("cluster.firewallRules", [{**RULE, "sources": [WORLD]}], "cluster.allowOpenNetworks"),
        ("cluster.firewallRules", [{**RULE, "sources": []}], "must have 1 or more items"),
        ("cluster.firewallRules", [{**RULE, "ports": "443-80"}], "the lower port first"),
        ("cluster.firewallRules", [{**RULE, "ports": "70000"}], "must be from 1 to 65535"),
        ("cluster.firewallRules", [{**RULE, "protocol": "ICMP"}], "must not be set for ICMP"),
        (
            "cluster.firewallRules",
            [{"name": "a", "sources": ["192.0.2.0/24"]}],
            "ports: null: must be set for TCP and UDP",
        ),
        ("cluster.firewallRules", [RULE, RULE], '"ssh": two have this name'),
        ("cluster.nodepools", [], "[]: must have 1 or more items"),
        ("cluster.nodepools[0].size", 0, "0: must be 1 or more"),
        ("cluster.nodepools[0].size", "2", '"2": must be a whole number'),
        ("cluster.nodepools[0].diskSize", 5, "5: must be 20 or more"),
        ("cluster.nodepools[0].instanceType", "small", '"small": must be an instance type'),
        (
            "cluster.nodepools[0].instanceType",
            "standard.tiny",
            "must be standard.small or larger: SKS does not support smaller nodes",
        ),
        ("cluster.nodepools[0].instancePrefix", "Pool", "must be lower-case letters"),
        ("cluster.nodepools[0].labels", {"-a": "b"}, '"-a": must be a Kubernetes label\'s key'),
        ("cluster.nodepools[0].labels", {"a": "b c"}, "must be a Kubernetes label's value"),
        ("cluster.nodepools[0].taints", {"a": "b"}, '"b": must be VALUE:EFFECT'),
        ("cluster.nodepools[0].taints", {"a": "b:Never"}, '"b:Never": must be VALUE:EFFECT'),
        ("cluster.nodepools[0].privateNetworks", ["lan"], '"lan": must be an ID'),
        (
            "cluster.nodepools[0].imageGarbageCollection",
            {"lowThreshold": 90, "highThreshold": 80},
            "80: must be greater than lowThreshold, 90",
        ),
        ("cluster.nodepools[0].name", ..., "is missing"),
        ("cluster.nodepools[0].color", "red", "unknown key; allowed are name, instanceType"),
        ("cluster.kubeconfig.ttlSeconds", 1, "1: must be 60 or more"),
        ("cluster.kubeconfig.earlyRenewalSeconds", 2592000, "must be less than ttlSeconds"),
        ("cluster.kubeconfig", {"ttlSeconds": 600}, "604800: must be less than ttlSeconds, 600"),
        ("cluster.readOnlyKubeconfig", {"ttlSeconds": 600}, "must be less than ttlSeconds, 600"),
        ("cluster.adopt", {"nodepools": {"other": "x"}}, '"x": must be an ID'),
    ],
)
def test_a_mistake_names_key_value_and_what_is_allowed(path: str, value: Any, message: str) -> None:
    (line,) = mistakes(changed(path, value), secret={"cluster"} if TOKEN in str(value) else ())
    assert line.startswith(path)
    assert message in line


def test_add_ons_that_exclude_each_other() -> None:
    values = changed("cluster.csi", True)
    assert cluster(values).csi
    values["cluster"]["cloudController"] = False
    assert mistakes(values) == ["cluster.csi: true: must be false if cloudController is false"]


def test_a_pool_must_take_pods_without_tolerations() -> None:
    values = changed("cluster.nodepools[0].taints", {"gpu": "true:NoSchedule"})
    (line,) = mistakes(values)
    assert line.endswith("must contain one without NoSchedule and NoExecute taints")
    free = {"name": "free", "instanceType": "standard.small", "size": 1}
    values["cluster"]["nodepools"].append(free)
    assert len(cluster(values).nodepools) == 2


def test_an_anti_affinity_group_holds_eight_nodes() -> None:
    pool = VALID["cluster"]["nodepools"][0] | {"size": 9}
    group = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"
    for grouped in ({}, {"antiAffinity": False, "antiAffinityGroups": [group]}):
        (line,) = mistakes(changed("cluster.nodepools", [pool | grouped]))
        assert line.startswith("cluster.nodepools[0].size: 9: must be 8 or less")
        assert "unless antiAffinity is false and antiAffinityGroups is empty" in line
    load(changed("cluster.nodepools", [pool | {"antiAffinity": False}]))
    load(changed("cluster.nodepools", [pool | {"size": 8}]))


def test_local_storage_needs_a_disk_with_room_for_it() -> None:
    pool = VALID["cluster"]["nodepools"][0] | {"localStorage": True}
    (line,) = mistakes(changed("cluster.nodepools", [pool | {"diskSize": 99}]))
    assert line == (
        "cluster.nodepools[0].diskSize: 99: must be 100 or more if localStorage is true"
    )
    (default,) = mistakes(changed("cluster.nodepools", [pool]))
    assert "diskSize: 50: must be 100 or more" in default
    load(changed("cluster.nodepools", [pool | {"diskSize": 100}]))


def test_adopted_nodepools_are_known() -> None:
    identity = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"
    (unknown,) = mistakes(changed("cluster.adopt", {"nodepools": {"other": identity}}))
    assert "must contain only nodepools of this file; other is not one of them" in unknown
    (alone,) = mistakes(changed("cluster.adopt", {"nodepools": {"workers": identity}}))
    assert "must also contain the ID of the nodepools' cluster" in alone


def test_what_is_open_is_open_by_a_setting() -> None:
    values = changed("cluster.nodePortSources", [WORLD, "::/0"])
    values["cluster"] |= {
        "allowOpenNetworks": True,
        "firewallRules": [{**RULE, "sources": [WORLD]}],
    }
    assert cluster(values).node_port_sources == (WORLD, "::/0")


def test_the_kubelet_is_never_open() -> None:
    rule = {**RULE, "ports": "10000-11000", "sources": [WORLD]}
    values = changed("cluster.firewallRules", [rule])
    values["cluster"]["allowOpenNetworks"] = True
    (line,) = mistakes(values)
    assert "must not open 10250, the kubelet's port, to everyone" in line


def test_a_number_is_a_port_and_a_boolean_a_label() -> None:
    values = changed("cluster.firewallRules", [{**RULE, "ports": 22}])
    values["cluster"]["nodepools"][0]["labels"] = {"gpu": True}
    assert cluster(values).firewall_rules[0].ports == "22"
    assert cluster(values).nodepools[0].labels == {"gpu": "true"}


def test_settings_show_no_token() -> None:
    settings = cluster(changed("cluster.audit", AUDIT), secret={"cluster"})
    assert TOKEN not in repr(settings)


def test_no_mistake_shows_a_secret() -> None:
    values = changed("cluster.audit", {**AUDIT, "bearerToken": [TOKEN], "initialBackoff": TOKEN})
    values["cluster"]["zone"] = "mars"
    lines = mistakes(values, secret={"cluster"})
    assert lines[0].startswith("cluster.zone: [secret]: must be one of")
    assert len(lines) == 3
    assert TOKEN not in "".join(lines)


def test_a_secret_in_clear_is_refused() -> None:
    assert mistakes(changed("cluster.audit", AUDIT)) == [
        "cluster.audit.bearerToken: [secret]: must be encrypted: "
        "pulumi config set --secret --path 'cluster.audit.bearerToken'"
    ]


def test_a_stack_has_one_cluster(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text("kind: Config\n")
    existing = {"kubeconfig": str(file)}
    assert mistakes({"apps": []}) == ["cluster: is missing: cluster or existingCluster is required"]
    assert mistakes({**VALID, "existingCluster": existing}) == [
        "existingCluster: must not be given with cluster: a stack has one of the two"
    ]
    assert load({"cluster": {}, "existingCluster": existing}).cluster is None


def test_an_existing_cluster_by_file_or_by_secret(tmp_path: Path) -> None:
    text = json.dumps({"kind": "Config"})
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    for kubeconfig, secret in ((str(file), ()), (text, {"existingCluster"})):
        existing = load({"existingCluster": {"kubeconfig": kubeconfig}}, secret).existing_cluster
        assert existing
        assert isinstance(existing.kubeconfig, SecretStr)
        assert existing.kubeconfig.get_secret_value() == text
    (missing,) = mistakes({"existingCluster": {"kubeconfig": str(tmp_path / "none")}})
    assert "must be the path of a kubeconfig that exists, or its text as a secret" in missing
    (clear,) = mistakes({"existingCluster": {"kubeconfig": text}})
    assert "[secret]: must be encrypted" in clear


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("users:\n  - name: a\n   hush: b\n", "in YAML: line 3, column 4: expected <block end>"),
        ("hush\nhush\n", "a mapping of keys to values"),
    ],
)
def test_what_is_no_kubeconfig_is_told_without_its_text(
    text: str, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    for kubeconfig, secret in ((str(file), ()), (text, {"existingCluster"})):
        (mistake,) = mistakes({"existingCluster": {"kubeconfig": kubeconfig}}, secret)
        assert why in mistake
        assert "hush" not in mistake


def test_an_existing_cluster_has_one_kubeconfig() -> None:
    stack = load({"existingCluster": {"stack": "shop/webapp/dev"}}).existing_cluster
    assert stack
    assert stack.stack == "shop/webapp/dev"
    both = {"kubeconfig": str(Path(__file__).parents[3] / "Pulumi.yaml"), "stack": "dev"}
    assert mistakes({"existingCluster": both}) == [
        'existingCluster: {"kubeconfig": "**********", "stack": "dev"}: must have one of '
        "kubeconfig, stack"
    ]
    assert mistakes({"existingCluster": {"context": "dev"}}) == [
        'existingCluster: {"context": "dev"}: must have one of kubeconfig, stack'
    ]


@pytest.mark.parametrize("stack", ["", "webapp/dev", "dev/", "a/b/c/d", "d ev"])
def test_a_stack_is_named_alone_or_in_full(stack: str) -> None:
    assert mistakes({"existingCluster": {"stack": stack}}) == [
        f'existingCluster.stack: "{stack}": must be a stack, NAME or ORGANIZATION/PROJECT/NAME, '
        "such as dev or shop/webapp/dev"
    ]
