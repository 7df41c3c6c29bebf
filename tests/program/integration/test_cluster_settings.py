"""One change after the other of every setting of a cluster: what the preview says is what happens,
and Exoscale's API shows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from components.args.types import by_key
from components.sks_cluster.args import SksClusterArgs
from components.sks_cluster.nodepools.args import NodePoolArgs
from tests.program.integration.cluster_stack import POOL, Objects, create_stack, plan
from tests.support.account import OLDER_VERSION, VERSION, Sandbox
from tests.support.stack import Stack

pytestmark = pytest.mark.integration

UPDATE = {"update"}
CREATE = {"create"}
REPLACE = {"replace"}
NONE: set[str] = set()
BY_HAND = "by hand"
OLD, NEW = OLDER_VERSION, VERSION
OIDC = {"clientId": "kube", "issuerUrl": "https://login.example"}
Show = Callable[[Objects], Any]


class Made(str):
    """The kind of an object made by hand; its ID is the value."""


@dataclass(frozen=True)
class Change:
    """A setting's new value, and what it does to which kind of resource.

    `shown` is what the API has to show afterwards: a function, and what it returns. `secret` is the
    path and the value of a setting that has to be encrypted.
    """

    path: str
    value: Any
    kind: str
    operations: set[str]
    shown: tuple[Show, Any] | None = None
    secret: tuple[str, str] | None = None

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


def named(word: str, name: str) -> Show:
    """Whether the nodepool has the object of that name among those under `word`."""

    def show(objects: Objects) -> bool:
        given = objects.nodepool()[word]
        get = getattr(objects.sandbox.client, f"get_{word.removesuffix('s').replace('-', '_')}")
        return name in [
            get(id=each["id"])["name"] for each in ([given] if "id" in given else given)
        ]

    return show


def nodepools(objects: Objects) -> int:
    """How many nodepools the cluster has."""
    return len(objects.cluster()["nodepools"])


def own_group(objects: Objects) -> int:
    """How many anti-affinity groups the stack has made."""
    return len(objects.identities(AntiAffinityGroup="-workers"))


def by_hand(key: str, kind: str, operations: set[str]) -> Change:
    """The nodepool is given an object that the stack did not make."""
    shown = (named(f"{kind}s", BY_HAND), True)
    return Change(f"nodepools[0].{key}", [Made(kind)], NODEPOOL, operations, shown)


COLLECTION = {"lowThreshold": 60, "highThreshold": 70, "minAge": "1h"}
GC = {"low-threshold": 60, "high-threshold": 70, "min-age": "1h"}
TAINT = {"a": {"value": "b", "effect": "PreferNoSchedule"}}
GATES = ["CrossNamespaceVolumeDataSource"]
AUDIT = {"endpoint": "https://audit.example"}
TOKEN = ("cluster.audit.bearerToken", "s3cret")
SHOWN_AUDIT = {"enabled": True, "endpoint": AUDIT["endpoint"], "initial-backoff": "10s"}
SSH = {"name": "ssh", "ports": 22, "sources": ["198.51.100.0/24"]}
MORE = POOL | {"name": "more", "antiAffinity": False}
CLAIM = OIDC | {"requiredClaim": {"team": "a"}}
SHOWN_CLAIM = {"required-claim": {"team": "a"}}
SHOWN_OIDC = {"client-id": "kube", "issuer-url": "https://login.example"}
CCM, CSI = "exoscale-cloud-controller", "exoscale-container-storage-interface"
CLUSTER, NODEPOOL, RULE = "SksCluster", "SksNodepool", "SecurityGroupRule"
CHANGES = [
    Change("zone", "ch-gva-2", CLUSTER, REPLACE, (cluster("state"), "running")),
    Change("name", "shop", CLUSTER, UPDATE, (cluster("name"), "shop")),
    Change("description", "sells", CLUSTER, UPDATE, (cluster("description"), "sells")),
    Change("description", "", CLUSTER, UPDATE, (cluster("description"), "")),
    Change("labels", {"team": "a"}, CLUSTER, UPDATE, (cluster("labels"), {"team": "a"})),
    Change("autoUpgrade", True, CLUSTER, UPDATE, (cluster("auto-upgrade"), True)),
    Change("audit", AUDIT, CLUSTER, UPDATE, (cluster("audit"), SHOWN_AUDIT), TOKEN),
    Change("nodePortSources", ["192.0.2.0/24"], RULE, CREATE, (networks, {"192.0.2.0/24"})),
    Change("firewallRules", [SSH], RULE, CREATE, (networks, {"192.0.2.0/24", "198.51.100.0/24"})),
    Change("kubeconfig.user", "ci", "SksKubeconfig", REPLACE),
    Change("kubeconfig.groups", ["system:masters", "ci"], "SksKubeconfig", REPLACE),
    Change("kubeconfig.ttlSeconds", 900000, "SksKubeconfig", REPLACE),
    Change("kubeconfig.earlyRenewalSeconds", 3600, "SksKubeconfig", UPDATE),
    Change("readOnlyKubeconfig", {}, "ClusterRoleBinding", CREATE),
    Change("readySeconds", 600, NODEPOOL, NONE),
    Change("drainSeconds", 600, NODEPOOL, NONE),
    pool("size", 2, UPDATE, "size", 2),
    pool("size", 1, UPDATE, "size", 1),
    pool("diskSize", 100, UPDATE, "disk-size", 100),
    pool("instanceType", "standard.medium", UPDATE),
    pool("description", "x", UPDATE, "description", "x"),
    pool("instancePrefix", "w", UPDATE, "instance-prefix", "w"),
    pool("labels", {"a": "b"}, UPDATE, "labels", {"a": "b"}),
    pool("taints", {"a": "b:PreferNoSchedule"}, UPDATE, "taints", TAINT),
    by_hand("securityGroups", "security-group", UPDATE),
    by_hand("privateNetworks", "private-network", UPDATE),
    by_hand("antiAffinityGroups", "anti-affinity-group", REPLACE),
    Change(
        "nodepools[0].deployTarget",
        Made("deploy-target"),
        NODEPOOL,
        UPDATE,
        (named("deploy-target", "sandbox-ch-gva-2"), True),
    ),
    Change("nodepools[0].antiAffinity", False, "AntiAffinityGroup", {"delete"}, (own_group, 0)),
    pool("ipv6", True, REPLACE, "public-ip-assignment", "dual"),
    pool("localStorage", True, REPLACE, "addons", ["storage-lvm"]),
    pool("imageGarbageCollection", COLLECTION, REPLACE, "kubelet-image-gc", GC),
    Change("nodepools[1]", MORE, NODEPOOL, CREATE, (nodepools, 2)),
    Change("nodepools[1].replaceOnUpgrade", False, NODEPOOL, NONE),
    Change("version", NEW, NODEPOOL, REPLACE, (nodepool("version"), NEW)),
    Change("nodepools[1].name", "other", NODEPOOL, {"create", "delete"}),
    Change("cloudController", False, CLUSTER, REPLACE, (cluster("addons"), ["metrics-server"])),
    Change("metricsServer", False, CLUSTER, REPLACE, (cluster("addons"), [])),
    Change("cni", "cilium", CLUSTER, REPLACE, (cluster("cni"), "cilium")),
    Change("kubeProxy", True, CLUSTER, REPLACE, (cluster("enable-kube-proxy"), True)),
    Change("level", "pro", CLUSTER, REPLACE, (cluster("level"), "pro")),
    Change("cloudController", True, CLUSTER, REPLACE),
    Change("csi", True, CLUSTER, UPDATE, (cluster("addons"), [CCM, CSI])),
    Change("oidc", OIDC, CLUSTER, REPLACE, (cluster("oidc"), SHOWN_OIDC)),
    Change("oidc", None, CLUSTER, REPLACE, (cluster("oidc"), None)),
    Change("featureGates", GATES, CLUSTER, UPDATE, (cluster("feature-gates"), GATES)),
    Change("oidc", CLAIM, CLUSTER, REPLACE, (cluster("oidc"), SHOWN_OIDC | SHOWN_CLAIM)),
    Change("oidc", OIDC, CLUSTER, REPLACE, (cluster("oidc"), SHOWN_OIDC)),
]


@pytest.fixture(scope="module")
def made(sandbox: Sandbox) -> Iterator[dict[str, str]]:
    """IDs, by kind, of what the nodepool is given and the stack did not make."""
    client = sandbox.client
    kinds = ("security-group", "anti-affinity-group", "private-network")
    ids = {"deploy-target": client.list_deploy_targets()["deploy-targets"][0]["id"]}
    for kind in kinds:
        operation = getattr(client, f"create_{kind.replace('-', '_')}")(name=BY_HAND)
        ids[kind] = client.wait(operation["id"])["reference"]["id"]
    yield ids
    for kind in kinds:
        getattr(client, f"delete_{kind.replace('-', '_')}")(id=ids[kind])


@pytest.fixture(scope="module")
def objects(
    sandbox: Sandbox, made: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Objects]:
    """A cluster with one node, whose settings the tests change one after the other.

    Whatever they make of it, all of it goes again.
    """
    before = sandbox.holds()
    settings = {"zone": "at-vie-1", "version": OLD, "nodepools": [POOL]}
    stack = create_stack(
        "settings", tmp_path_factory.mktemp("cluster") / "project", sandbox, settings
    )
    stack.up()
    yield Objects(stack, sandbox)
    stack("destroy", "--yes", "--skip-preview")
    assert sandbox.holds() == before


def change(stack: Stack, path: str, value: Any) -> None:
    """Set one value of the cluster's settings in the stack's file."""
    document = yaml.safe_load(stack.file.read_text())
    target = document["config"]["webapp:cluster"]
    *parents, last = path.replace("[", ".").replace("]", "").split(".")
    for part in parents:
        target = target[int(part)] if part.isdigit() else target.setdefault(part, {})
    if last.isdigit():
        target.insert(int(last), value)
    else:
        target[last] = value
    stack.file.write_text(yaml.safe_dump(document))


def resolved(value: Any, made: dict[str, str]) -> Any:
    """The value, with IDs in the place of kinds."""
    if isinstance(value, list):
        return [resolved(each, made) for each in value]
    return made[value] if isinstance(value, Made) else value


def different(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """The keys whose values differ, or that one of them lacks."""
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


@pytest.mark.slow
@pytest.mark.parametrize("case", CHANGES, ids=str)
def test_a_change_does_what_its_preview_says(
    objects: Objects, made: dict[str, str], case: Change
) -> None:
    change(objects.stack, case.path, resolved(case.value, made))
    if case.secret:
        objects.stack("config", "set", "--secret", "--path", *case.secret)
    planned = plan(objects.stack)
    assert planned.operations.get(case.kind, NONE) == case.operations
    # the account's client is that of the zone that the cluster moves to
    before = {} if case.path == "zone" else objects.cluster()
    assert objects.stack.up() == planned.summary
    if case.operations == UPDATE and case.kind == CLUSTER:
        assert len(different(before, objects.cluster())) == 1
    elif planned.operations.get(CLUSTER) != REPLACE:
        assert not different(before, objects.cluster()) - {"nodepools", "version"}
    if case.shown:
        show, expected = case.shown
        assert show(objects) == expected


IN_PLACE = [
    ("name", "other"),
    ("description", "buys"),
    ("labels", {"team": "b"}),
    ("autoUpgrade", False),
    ("audit", None),
]
"""Changes that the provider makes in place."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("version", OLD, "a cluster can't be downgraded"),
        ("version", "1.38.0", "upgrade by one minor version at a time"),
        ("csi", False, "csi: can't be turned off"),
        ("labels", {}, "labels: can't be emptied"),
        *((path, value, "the cluster's oidc and featureGates;") for path, value in IN_PLACE),
        ("featureGates", [], "the cluster's oidc;"),
        ("nodepools[0].labels", {}, "labels: can't be emptied"),
        ("nodepools[0].taints", {}, "taints: can't be emptied"),
        ("nodepools[0].description", "", "description: can't be emptied"),
        ("nodepools[0].privateNetworks", [], "privateNetworkIds: can't be emptied"),
        ("nodepools[0].deployTarget", None, "deployTargetId: can't be emptied"),
    ],
)
def test_what_can_not_be_done_is_refused_before_it_begins(
    objects: Objects, path: str, value: Any, reason: str
) -> None:
    before = objects.cluster(), objects.nodepool(), _decrypted_state(objects)
    settings = objects.stack.file.read_text()
    change(objects.stack, path, value)
    preview = objects.stack.run("preview")
    update = objects.stack.run("up", "--yes", "--skip-preview")
    objects.stack.file.write_text(settings)
    for answer in (preview, update):
        assert answer.returncode != 0
        assert reason in answer.stdout + answer.stderr
    assert (objects.cluster(), objects.nodepool(), _decrypted_state(objects)) == before


def _decrypted_state(objects: Objects) -> Any:
    """Return the resources in the state by URN.

    A failed update encrypts the same secrets anew, and may write the resources in another order.
    """
    export = objects.stack("stack", "export", "--show-secrets")
    return {each["urn"]: each for each in json.loads(export)["deployment"]["resources"]}


def test_no_setting_is_left_out() -> None:
    """Adoption, protection and the autoscaler have tests of their own; open networks are allowed,
    not made."""
    changed = {case.path.partition("[")[0].partition(".")[0] for case in CHANGES}
    names = set(by_key(SksClusterArgs))
    assert names - changed == {"adopt", "allowOpenNetworks", "autoscaler", "protect"}
    pool = {case.path.partition("].")[2] for case in CHANGES}
    names = set(by_key(NodePoolArgs))
    assert names - pool == {"autoscale"}
