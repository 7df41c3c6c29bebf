"""An upgrade of Kubernetes under an application: control plane, then new nodes, then the old go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.fault_client import FaultClient
from sandbox.paths import write_private
from tests.integration.account import OLDER_VERSION, VERSION, Sandbox
from tests.integration.cluster_stack import Objects, plan
from tests.integration.kube import Kube
from tests.integration.stack import CLUSTER, TUTORIAL, Stack, copy_project

pytestmark = pytest.mark.integration

OLD, NEW = OLDER_VERSION, VERSION


@pytest.fixture(scope="module")
def before(sandbox: Sandbox) -> dict[str, list[str]]:
    """What the account holds without the stack."""
    return sandbox.holds()


@pytest.fixture(scope="module")
def objects(
    sandbox: Sandbox, before: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Objects]:
    """The tutorial's stack on the older version."""
    folder = copy_project(tmp_path_factory.mktemp("upgrade") / "project")
    stack = Stack("upgrade", folder, sandbox.environment)
    stack.configure({**TUTORIAL, "cluster": {**CLUSTER, "version": OLD}})
    stack("stack", "init")
    stack.up()
    yield Objects(stack, sandbox)
    if stack.resources():
        stack("destroy", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def kube(objects: Objects, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Kube:
    file: Path = tmp_path_factory.mktemp("upgrade") / "kubeconfig"
    write_private(file, objects.stack.outputs(secrets=True)["kubeconfig"])
    return Kube(file, sandbox.environment)


def kubelets(kube: Kube) -> list[str]:
    """The nodes' versions."""
    return [node["status"]["nodeInfo"]["kubeletVersion"] for node in kube.list("nodes")]


def pools_behind(objects: Objects) -> set[str]:
    """The instance pools that the stack's load balancer sends to."""
    address = objects.stack.outputs()["load_balancer_address"]
    (found,) = (
        each
        for each in objects.sandbox.client.list_load_balancers()["load-balancers"]
        if each["ip"] == address
    )
    return {service["instance-pool"]["id"] for service in found["services"]}


STEPS = (
    "upgrade-sks-cluster",
    "create-sks-nodepool",
    "add-service-to-load-balancer",
    "delete-sks-nodepool",
    "delete-anti-affinity-group",
)


def steps(log: str) -> list[str]:
    """Which of the steps a request log has, in its order, each once: refused ones left out."""
    done = [words[4] for line in log.splitlines() if (words := line.split())[5] == "200"]
    return list(dict.fromkeys(operation for operation in done if operation in STEPS))


def test_an_upgrade(objects: Objects, kube: Kube) -> None:
    """The cloud controller takes its time: the old nodepool can't be deleted at once."""
    stack = objects.stack
    address, old = stack.outputs()["load_balancer_address"], objects.nodepool()
    assert kubelets(kube) == [f"v{OLD}"] * 2
    deployment = kube.get("deployment", "rickroller", "test")["metadata"]["uid"]

    stack.set("cluster.version", NEW)
    planned = plan(stack)
    replaced = {kind for kind, done in planned.operations.items() if "replace" in done}
    assert replaced == {"AntiAffinityGroup", "SksNodepool"}
    assert planned.operations["SksCluster"] == {"update"}
    requests = objects.sandbox.home / "log" / "requests.log"
    logged = requests.stat().st_size
    slow = {"kind": "delay", "milliseconds": 8000}
    FaultClient(objects.sandbox.credentials).add("delete-load-balancer-service", slow, times=1)
    assert stack.up() == planned.summary

    log = requests.read_text()[logged:]
    assert steps(log) == [*STEPS]
    assert "delete-sks-nodepool 403" in log
    assert objects.cluster()["version"] == NEW
    assert kubelets(kube) == [f"v{NEW}"] * 2
    new = objects.nodepool()
    assert new["id"] != old["id"]
    assert [pool["id"] for pool in objects.cluster()["nodepools"]] == [new["id"]]
    assert new["anti-affinity-groups"] != old["anti-affinity-groups"]
    assert stack.outputs()["load_balancer_address"] == address
    assert pools_behind(objects) == {new["instance-pool"]["id"]}
    rickroller = kube.get("deployment", "rickroller", "test")
    assert rickroller["metadata"]["uid"] == deployment
    stack("preview", "--expect-no-changes")


def test_removal_after_it(objects: Objects, before: dict[str, list[str]]) -> None:
    objects.stack("destroy", "--yes", "--skip-preview")
    assert objects.sandbox.holds() == before
