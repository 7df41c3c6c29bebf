"""A nodepool whose size an autoscaler changes, within limits that change.

In all tests but the last one, the autoscaler has no reason to act, and its part is played with its
own API key.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import pytest
from exoscale.api.v2 import Client

from sandbox.paths import ROOT, write_private
from tests.program.integration.cluster_stack import POOL, Objects, create_stack
from tests.support.account import VERSION, Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import Stack
from tools.drift import findings_of

pytestmark = pytest.mark.integration

NODEPOOL = {key: value for key, value in POOL.items() if key != "size"}
CHART = str(ROOT / "sandbox" / "charts" / "cluster-autoscaler")
QUICK = {
    "node-delete-delay-after-taint": "0s",
    "scale-down-delay-after-add": "1s",
    "scale-down-delay-after-failure": "1s",
    "scan-interval": "1s",
    "skip-nodes-with-system-pods": False,
    "unremovable-node-recheck-timeout": "1s",
}
"""Arguments with which the autoscaler acts within seconds."""
LIMITS = "cluster.nodepools[0].autoscale"


def settings(low: int = 2, high: int = 4) -> dict[str, object]:
    """A cluster with an autoscaler, whose nodepool has these limits."""
    return {
        "zone": "ch-gva-2",
        "version": VERSION,
        "nodepools": [NODEPOOL | {"autoscale": {"min": low, "max": high}}],
        "autoscaler": {"chart": CHART, "scaleDownUnneededTime": "1h"},
    }


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("autoscaled") / "project"
    environment = sandbox.environment | sandbox.environment_of("deploy-with-autoscaler")
    before, roles = sandbox.holds(), _roles_and_keys(sandbox)
    stack = replace(
        create_stack("autoscaled", folder, sandbox, settings()), environment=environment
    )
    stack.up()
    yield stack
    stack("destroy", "--yes", "--skip-preview")
    assert sandbox.holds() == before
    assert _roles_and_keys(sandbox) == roles


def _roles_and_keys(sandbox: Sandbox) -> set[str]:
    roles = sandbox.client.list_iam_roles()["iam-roles"]
    keys = sandbox.client.list_api_keys()["api-keys"]
    return {each["id"] for each in roles} | {each["key"] for each in keys}


@pytest.fixture(scope="module")
def kube(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Kube:
    file: Path = tmp_path_factory.mktemp("autoscaled") / "kubeconfig"
    write_private(file, stack.outputs(secrets=True)["kubeconfig"])
    return Kube(file, stack.environment)


@dataclass(frozen=True)
class Autoscaler:
    """The API with the key in the Secret that the autoscaler's pod reads."""

    api: Client
    secret: str


@pytest.fixture(scope="module")
def autoscaler(kube: Kube, sandbox: Sandbox) -> Autoscaler:
    deployment = kube.get("deployment", "cluster-autoscaler", "kube-system")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (name,) = {
        each["valueFrom"]["secretKeyRef"]["name"]
        for each in container["env"]
        if each["name"].startswith("EXOSCALE_")
    }
    data = kube.get("secret", name, "kube-system")["data"]
    key, secret = (base64.b64decode(data[f"api-{part}"]).decode() for part in ("key", "secret"))
    return Autoscaler(Client(key, secret, url=sandbox.credentials.endpoint), secret)


def size(stack: Stack, sandbox: Sandbox) -> int:
    return int(Objects(stack, sandbox).nodepool()["size"])


def scale(stack: Stack, sandbox: Sandbox, client: Client, number: int) -> None:
    cluster, pool = Objects(stack, sandbox).identities(SksCluster="", SksNodepool="-workers")
    sandbox.done(client.scale_sks_nodepool(id=cluster, sks_nodepool_id=pool, size=number))


def drift(stack: Stack) -> list[tuple[str, str, str, str]]:
    with patch.dict(os.environ, stack.environment):
        changes = findings_of(stack.name, stack.folder).manual_changes
    return [(each.what, each.path, each.deployed, each.found) for each in changes]


def test_the_autoscaler_knows_the_limits_of_the_nodepool(
    stack: Stack, kube: Kube, sandbox: Sandbox
) -> None:
    name = Objects(stack, sandbox).nodepool()["name"]
    deployment = kube.get("deployment", "cluster-autoscaler", "kube-system")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    arguments = [*container["command"], *container.get("args", ())]
    assert [each for each in arguments if each.startswith("--nodes")] == [f"--nodes=2:4:{name}"]
    assert "--cloud-provider=exoscale" in arguments
    assert "--scale-down-unneeded-time=1h" in arguments
    assert container["securityContext"]["readOnlyRootFilesystem"]
    stack("preview", "--expect-no-changes")


def test_the_key_is_limited_and_its_secret_is_encrypted(
    stack: Stack, autoscaler: Autoscaler, sandbox: Sandbox
) -> None:
    cluster, pool = Objects(stack, sandbox).identities(SksCluster="", SksNodepool="-workers")
    api = autoscaler.api
    assert api.list_sks_clusters()["sks-clusters"]
    with pytest.raises(Exception, match="Forbidden by role policy for compute"):
        api.delete_sks_nodepool(id=cluster, sks_nodepool_id=pool)
    with pytest.raises(Exception, match="Forbidden by role policy for iam"):
        api.list_api_keys()
    assert autoscaler.secret not in stack("stack", "export")


def test_a_size_within_the_limits_is_left_alone(
    stack: Stack, autoscaler: Autoscaler, sandbox: Sandbox
) -> None:
    scale(stack, sandbox, autoscaler.api, 3)
    stack("preview", "--expect-no-changes")
    stack("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert drift(stack) == []
    stack("refresh", "--yes", "--skip-preview")
    stack("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert size(stack, sandbox) == 3


def test_a_lower_maximum_drains_and_removes_nodes(
    stack: Stack, kube: Kube, sandbox: Sandbox
) -> None:
    stack.set(f"{LIMITS}.max", "2")
    said = stack("preview")
    assert "cluster-workers: size: 3 to 2: nodes to drain and then remove: 1" in said
    stack.up()
    assert size(stack, sandbox) == 2
    eventually(lambda: len(kube.list("nodes")) == 2)
    assert not any(node["spec"].get("unschedulable") for node in kube.list("nodes"))
    stack("preview", "--expect-no-changes")


def test_a_higher_minimum_adds_nodes(stack: Stack, kube: Kube, sandbox: Sandbox) -> None:
    stack.set(f"{LIMITS}.max", "4")
    stack.set(f"{LIMITS}.min", "3")
    assert "cluster-workers: size: 2 to 3: nodes to add: 1" in stack("preview")
    stack.up()
    assert size(stack, sandbox) == 3
    assert len(kube.list("nodes")) == 3
    stack("preview", "--expect-no-changes")


def test_a_size_beyond_the_limits_is_drift(stack: Stack, sandbox: Sandbox) -> None:
    scale(stack, sandbox, sandbox.client, 5)
    assert drift(stack) == [("SksNodepool cluster-workers", "size", "3 to 4", "5")]
    said = stack("preview", "--refresh")
    assert "cluster-workers: size: 5 to 4: nodes to drain and then remove: 1" in said
    stack("up", "--yes", "--skip-preview", "--refresh")
    assert size(stack, sandbox) == 4
    stack("preview", "--expect-no-changes")


def test_a_replacement_starts_with_the_current_size(
    stack: Stack, kube: Kube, sandbox: Sandbox
) -> None:
    former = Objects(stack, sandbox).nodepool()
    stack.set("cluster.nodepools[0].ipv6", "true")
    stack.up()
    nodepool = Objects(stack, sandbox).nodepool()
    assert nodepool["id"] != former["id"]
    assert nodepool["size"] == 4
    deployment = json.dumps(kube.get("deployment", "cluster-autoscaler", "kube-system"))
    assert f"--nodes=3:4:{nodepool['name']}" in deployment
    assert former["name"] not in deployment
    stack("preview", "--expect-no-changes")


def test_a_fixed_size_after_the_autoscaler_and_back(
    stack: Stack, kube: Kube, sandbox: Sandbox
) -> None:
    """Also where the state has that size already: the nodepool was created with it."""
    roles = _roles_and_keys(sandbox)
    cluster = settings()
    cluster.pop("autoscaler")
    fixed = NODEPOOL | {"size": 2, "ipv6": True}
    stack.configure({"cluster": cluster | {"nodepools": [fixed]}})
    assert "cluster-workers: size: 4 to 2: nodes to drain and then remove: 2" in stack("preview")
    stack.up()
    assert size(stack, sandbox) == 2
    assert len(roles - _roles_and_keys(sandbox)) == 2
    assert not [pod for pod in kube.list("deployments", "kube-system") if "autoscaler" in str(pod)]
    stack("preview", "--refresh", "--expect-no-changes")

    scaled = NODEPOOL | {"autoscale": {"min": 1, "max": 4}, "ipv6": True}
    stack.configure({"cluster": settings() | {"nodepools": [scaled]}})
    stack.up()
    assert size(stack, sandbox) == 2
    stack("preview", "--expect-no-changes")


def test_nodes_come_with_pods_that_find_no_room_and_go_with_them(
    stack: Stack, kube: Kube, sandbox: Sandbox
) -> None:
    scaled = NODEPOOL | {"autoscale": {"min": 1, "max": 4}, "ipv6": True}
    quick = {"chart": CHART, "scaleDownUnneededTime": "3s", "values": {"extraArgs": QUICK}}
    stack.configure({"cluster": settings() | {"nodepools": [scaled], "autoscaler": quick}})
    stack.up()
    eventually(lambda: size(stack, sandbox) == 1)

    kube.run("kubectl", "create", "deployment", "busy", "--image=busy", "--replicas=3")
    kube.run("kubectl", "set", "resources", "deployment", "busy", "--requests=cpu=1500m")
    kube.run("kubectl", "rollout", "status", "deployment", "busy", "--timeout=60s")
    grown = size(stack, sandbox)
    assert grown in (3, 4)
    stack("preview", "--expect-no-changes")
    stack("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert size(stack, sandbox) == grown

    kube.run("kubectl", "delete", "deployment", "busy")
    eventually(lambda: size(stack, sandbox) == 1)
    eventually(lambda: len(kube.list("nodes")) == 1)
    stack("preview", "--refresh", "--expect-no-changes")
