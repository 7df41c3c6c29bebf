"""An upgrade of Kubernetes under an application: control plane, then new nodes, then the old go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from sandbox.daemon.fault_client import FaultClient
from sandbox.paths import write_private
from sandbox.sks.nodes import NODEPOOL_LABEL
from tests.program.integration.cluster_stack import Objects, plan
from tests.program.integration.upgrade_watch import Moment, Watched, watched
from tests.support.account import OLDER_VERSION, VERSION, Sandbox
from tests.support.kube import NO_EVICTION, Kube
from tests.support.sks_account import kubernetes
from tests.support.stack import CLUSTER, TUTORIAL, Stack, copy_project

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


def pools_behind(objects: Objects, address: str) -> set[str]:
    """The instance pools that the stack's load balancer sends to."""
    (found,) = (
        each
        for each in objects.sandbox.client.list_load_balancers()["load-balancers"]
        if each["ip"] == address
    )
    return {service["instance-pool"]["id"] for service in found["services"]}


@pytest.fixture(scope="module")
def api_client(objects: Objects) -> client.ApiClient:
    return kubernetes(objects.stack.outputs(secrets=True)["kubeconfig"])


@pytest.fixture
def faults(sandbox: Sandbox) -> Iterator[FaultClient]:
    found = FaultClient(sandbox.credentials)
    yield found
    found.clear()


def test_an_upgrade(
    objects: Objects, kube: Kube, api_client: client.ApiClient, faults: FaultClient
) -> None:
    """Nodes take their time, and so does the cloud controller: nothing is without them."""
    stack = objects.stack
    address, old = stack.outputs()["load_balancer_address"], objects.nodepool()
    assert kubelets(kube) == [f"v{OLD}"] * 2
    deployment = kube.get("deployment", "rickroller", "test")["metadata"]["uid"]

    stack.set("cluster.version", NEW)
    planned = plan(stack)
    replaced = {kind for kind, done in planned.operations.items() if "replace" in done}
    assert replaced == {"AntiAffinityGroup", "SksNodepool"}
    assert planned.operations["SksCluster"] == {"update"}
    faults.add("node", {"kind": "ready-after", "milliseconds": 12000})
    slow = {"kind": "delay", "milliseconds": 5000}
    faults.add("delete-load-balancer-service", slow, times=1)
    with watched(api_client, "rickroller", "test", lambda: pools_behind(objects, address)) as seen:
        assert stack.up() == planned.summary
    assert "nodepool workers: 0 of 2 nodes are Ready" in "".join(stack.transcript)

    assert objects.cluster()["version"] == NEW
    assert kubelets(kube) == [f"v{NEW}"] * 2
    new = objects.nodepool()
    assert new["id"] != old["id"]
    assert [pool["id"] for pool in objects.cluster()["nodepools"]] == [new["id"]]
    assert new["anti-affinity-groups"] != old["anti-affinity-groups"]
    assert stack.outputs()["load_balancer_address"] == address
    assert pools_behind(objects, address) == {new["instance-pool"]["id"]}
    rickroller = kube.get("deployment", "rickroller", "test")
    assert rickroller["metadata"]["uid"] == deployment
    check_order(seen, old, new)
    stack("preview", "--expect-no-changes")


def check_order(watched: Watched, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Check that one thing came after the other, and that pods were there all the time."""
    moments = watched.moments()
    pods = moments[0].pods[old["id"]]
    assert pods == 3
    assert min(moment.available for moment in moments) >= pods - 1
    assert not any(moment.lost for moment in moments), "nodes went with pods on them"
    for moment in moments:
        if moment.pods.get(old["id"], 0) < pods:
            assert not moment.open.get(old["id"], 0), "pods left before all nodes were closed"
    assert {0, 2} <= {moment.ready.get(new["id"], 0) for moment in moments}
    assert {0, 2} <= {moment.open[old["id"]] for moment in moments if old["id"] in moment.open}

    def at(revision: int) -> Moment:
        return [moment for moment in moments if moment.revision <= revision][-1]

    for look in watched.looks:
        if new["instance-pool"]["id"] in look.behind:
            ready = at(look.before).ready[new["id"]]
            assert ready == 2, "the load balancer moved before nodes were Ready"
        if not at(look.after).open.get(old["id"], 0):
            assert old["instance-pool"]["id"] not in look.behind, "closed before it moved"
    assert {old["instance-pool"]["id"], new["instance-pool"]["id"]} <= {
        pool for look in watched.looks for pool in look.behind
    }


def test_what_stands_in_the_way_of_another_nodepool(
    objects: Objects, kube: Kube, faults: FaultClient
) -> None:
    """First its nodes are never Ready, then a pod of the former one may not be evicted."""
    stack, old = objects.stack, objects.nodepool()
    address = stack.outputs()["load_balancer_address"]
    kube.run("kubectl", "create", "namespace", "kept")
    kube.run("kubectl", "--namespace", "kept", "create", "deployment", "kept", "--image", "kept")
    kube.run("kubectl", "--namespace", "kept", "rollout", "status", "deployment", "kept")
    kube.run("kubectl", "apply", "-f", "-", stdin=NO_EVICTION)
    document = yaml.safe_load(stack.file.read_text())
    cluster = document["config"]["webapp:cluster"]
    cluster |= {"readySeconds": 6, "drainSeconds": 12}
    cluster["nodepools"] = [{**cluster["nodepools"][0], "name": "others"}]
    stack.file.write_text(yaml.safe_dump(document))

    faults.add("node", {"kind": "not-ready"}, times=1)
    failed = stack.run("up", "--yes", "--skip-preview")
    assert failed.returncode != 0
    assert "nodepool others: after 6 s, 1 of 2 nodes are Ready, not pool-" in failed.stdout
    assert "Fix it and run `pulumi up` again" in failed.stdout
    assert pools_behind(objects, address) == {old["instance-pool"]["id"]}

    faults.clear()
    failed = stack.run("up", "--yes", "--skip-preview")
    assert failed.returncode != 0
    assert re.search(
        r"nodepool workers, which is to be deleted: after 12 s, .*"
        r"kept/kept-\S+: The disruption budget never needs 1 healthy pods and has 1 currently",
        failed.stdout,
    ), failed.stdout
    assert pools_behind(objects, address) == {objects.nodepool("-others")["instance-pool"]["id"]}
    former = kube.run(
        "kubectl", "get", "nodes", f"--selector={NODEPOOL_LABEL}={old['id']}",
        "--output=jsonpath={.items[*].spec.unschedulable}",
    )  # fmt: skip
    assert former == "true true"

    kube.run("kubectl", "--namespace", "kept", "delete", "poddisruptionbudget", "never")
    stack.up()
    assert [pool["name"] for pool in objects.cluster()["nodepools"]] == [
        objects.nodepool("-others")["name"]
    ]
    (pod,) = kube.list("pods", "kept")
    assert pod["status"]["phase"] == "Running"
    stack("preview", "--expect-no-changes")


def test_removal_after_it(objects: Objects, before: dict[str, list[str]]) -> None:
    """It drains nothing, and needs no flag."""
    objects.stack("destroy", "--yes", "--skip-preview")
    assert objects.sandbox.holds() == before
