"""One change after the other of every setting of a cluster: what the preview says is what happens,
and Exoscale's API shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from settings.cluster import ClusterSettings
from settings.nodepool import NodepoolSettings
from tests.integration.account import Sandbox
from tests.integration.cluster_stack import POOL, Objects, create_stack, plan
from tests.integration.stack import Stack

pytestmark = pytest.mark.integration

UPDATE = {"update"}
CREATE = {"create"}
REPLACE = {"create-replacement", "replace", "delete-replaced"}
OLD, NEW = "1.33.13", "1.34.3"
OIDC = {"clientId": "kube", "issuerUrl": "https://login.example"}
Show = Callable[[Objects], Any]


@dataclass(frozen=True)
class Change:
    """A setting's new value, and what it does to which kind of resource.

    `shown` is what the API has to show afterwards: a function, and what it returns.
    """

    path: str
    value: Any
    kind: str
    operations: set[str]
    shown: tuple[Show, Any] | None = None

    def __str__(self) -> str:
        return self.path


def cluster(word: str) -> Show:
    return lambda objects: objects.cluster().get(word)


def nodepool(word: str) -> Show:
    return lambda objects: objects.nodepool().get(word)


def pool(
    key: str, value: Any, operations: set[str], word: str | None = None, expected: Any = None
) -> Change:
    """A change of the nodepool, whose new value the API shows under `word`."""
    shown = (nodepool(word), expected) if word else None
    return Change(f"nodepools[0].{key}", value, "SksNodepool", operations, shown)


def networks(objects: Objects) -> set[str]:
    return {rule["network"] for rule in objects.rules() if "network" in rule}


COLLECTION = {"lowThreshold": 60, "highThreshold": 70, "minAge": "1h"}
GC = {"low-threshold": 60, "high-threshold": 70, "min-age": "1h"}
TAINT = {"a": {"value": "b", "effect": "PreferNoSchedule"}}
CLUSTER, NODEPOOL, RULE = "SksCluster", "SksNodepool", "SecurityGroupRule"
CHANGES = [
    Change("name", "shop", CLUSTER, UPDATE, (cluster("name"), "shop")),
    Change("description", "sells", CLUSTER, UPDATE, (cluster("description"), "sells")),
    Change("description", "", CLUSTER, UPDATE, (cluster("description"), "")),
    Change("labels", {"team": "a"}, CLUSTER, UPDATE, (cluster("labels"), {"team": "a"})),
    Change("autoUpgrade", True, CLUSTER, UPDATE, (cluster("auto-upgrade"), True)),
    Change("featureGates", ["SomeGate"], CLUSTER, UPDATE, (cluster("feature-gates"), ["SomeGate"])),
    Change("nodePortSources", ["192.0.2.0/24"], RULE, CREATE, (networks, {"192.0.2.0/24"})),
    Change(
        "firewallRules",
        [{"name": "ssh", "ports": 22, "sources": ["198.51.100.0/24"]}],
        RULE,
        CREATE,
        (networks, {"192.0.2.0/24", "198.51.100.0/24"}),
    ),
    Change("kubeconfig.user", "ci", "SksKubeconfig", REPLACE),
    Change("kubeconfig.groups", ["system:masters", "ci"], "SksKubeconfig", REPLACE),
    Change("kubeconfig.ttlSeconds", 900000, "SksKubeconfig", REPLACE),
    Change("kubeconfig.earlyRenewalSeconds", 3600, "SksKubeconfig", UPDATE),
    Change("readOnlyKubeconfig", {}, "ClusterRoleBinding", CREATE),
    pool("size", 2, UPDATE, "size", 2),
    pool("size", 1, UPDATE, "size", 1),
    pool("diskSize", 30, UPDATE, "disk-size", 30),
    pool("instanceType", "standard.medium", UPDATE),
    pool("description", "x", UPDATE, "description", "x"),
    pool("instancePrefix", "w", UPDATE, "instance-prefix", "w"),
    pool("labels", {"a": "b"}, UPDATE, "labels", {"a": "b"}),
    pool("taints", {"a": "b:PreferNoSchedule"}, UPDATE, "taints", TAINT),
    pool("ipv6", True, REPLACE, "public-ip-assignment", "dual"),
    pool("localStorage", True, REPLACE, "addons", ["storage-lvm"]),
    pool("imageGarbageCollection", COLLECTION, REPLACE, "kubelet-image-gc", GC),
    Change("csi", True, CLUSTER, UPDATE),
    Change("version", NEW, NODEPOOL, REPLACE, (nodepool("version"), NEW)),
    Change("metricsServer", False, CLUSTER, REPLACE),
    Change("cni", "cilium", CLUSTER, REPLACE, (cluster("cni"), "cilium")),
    Change("kubeProxy", True, CLUSTER, REPLACE, (cluster("enable-kube-proxy"), True)),
    Change("level", "pro", CLUSTER, REPLACE, (cluster("level"), "pro")),
    Change("oidc", OIDC, CLUSTER, REPLACE),
]


@pytest.fixture(scope="module")
def objects(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Objects]:
    """A cluster with one node, whose settings the tests change one after the other."""
    settings = {"zone": "ch-gva-2", "version": OLD, "nodepools": [POOL]}
    stack = create_stack(
        "settings", tmp_path_factory.mktemp("cluster") / "project", sandbox, settings
    )
    stack.up()
    yield Objects(stack, sandbox)
    stack("destroy", "--yes", "--skip-preview")


def change(stack: Stack, path: str, value: Any) -> None:
    """Set one value of the cluster's settings in the stack's file."""
    document = yaml.safe_load(stack.file.read_text())
    target = document["config"]["webapp:cluster"]
    *parents, last = path.replace("[0]", ".0").split(".")
    for part in parents:
        target = target[int(part)] if part.isdigit() else target.setdefault(part, {})
    target[last] = value
    stack.file.write_text(yaml.safe_dump(document))


@pytest.mark.parametrize("case", CHANGES, ids=str)
def test_a_change_does_what_its_preview_says(objects: Objects, case: Change) -> None:
    change(objects.stack, case.path, case.value)
    planned = plan(objects.stack)
    assert planned.operations[case.kind] == case.operations
    assert objects.stack.up() == planned.summary
    if case.shown:
        show, expected = case.shown
        assert show(objects) == expected


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("version", OLD, "a cluster can't go back"),
        ("version", "1.36.0", "one minor version after the other"),
        ("csi", False, "csi: can't be turned off"),
        ("labels", {}, "labels: can't be emptied"),
        ("nodepools[0].labels", {}, "labels: can't be emptied"),
        ("nodepools[0].taints", {}, "taints: can't be emptied"),
        ("nodepools[0].description", "", "description: can't be emptied"),
    ],
)
def test_what_can_not_be_done_is_refused_before_it_begins(
    objects: Objects, path: str, value: Any, reason: str
) -> None:
    before = objects.cluster(), objects.nodepool()
    settings = objects.stack.file.read_text()
    change(objects.stack, path, value)
    preview = objects.stack.run("preview")
    update = objects.stack.run("up", "--yes", "--skip-preview")
    objects.stack.file.write_text(settings)
    for answer in (preview, update):
        assert answer.returncode != 0
        assert reason in answer.stdout + answer.stderr
    assert (objects.cluster(), objects.nodepool()) == before
    objects.stack("preview", "--expect-no-changes")


def test_no_setting_is_left_out() -> None:
    elsewhere = {"zone", "audit", "allow_open_networks", "nodepools", "adopt", "protect"}
    elsewhere |= {"cloud_controller"}
    changed = {case.path.split(".")[0] for case in CHANGES}
    aliases = {(field.alias or name): name for name, field in ClusterSettings.model_fields.items()}
    assert {name for alias, name in aliases.items() if alias not in changed} <= elsewhere | {
        "nodepools"
    }
    pool = {case.path.split(".")[1] for case in CHANGES if case.path.startswith("nodepools")}
    names = {field.alias or name for name, field in NodepoolSettings.model_fields.items()}
    assert names - pool == {
        "name",
        "antiAffinity",
        "antiAffinityGroups",
        "securityGroups",
        "privateNetworks",
        "deployTarget",
        "replaceOnUpgrade",
    }
