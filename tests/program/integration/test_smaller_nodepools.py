"""A nodepool that becomes smaller: its nodes are chosen and drained before they are removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.paths import write_private
from tests.program.integration.cluster_stack import POOL, create_stack
from tests.support.account import VERSION, Sandbox
from tests.support.kube import NO_EVICTION, Kube
from tests.support.polling import eventually
from tests.support.stack import Stack, Step

pytestmark = pytest.mark.integration

SIZE = "cluster.nodepools[0].size"
NODEPOOL = "exoscale:index/sksNodepool:SksNodepool"


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A cluster with three nodes."""
    before = sandbox.holds()
    cluster = {
        "zone": "ch-gva-2",
        "version": VERSION,
        "nodepools": [POOL | {"size": 3}],
        "drainSeconds": 8,
    }
    folder = tmp_path_factory.mktemp("smaller") / "project"
    stack = create_stack("smaller", folder, sandbox, cluster)
    stack.up()
    yield stack
    stack("destroy", "--yes", "--skip-preview")
    assert sandbox.holds() == before


@pytest.fixture(scope="module")
def kube(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Kube:
    """The cluster, with a pod on each node that may not be evicted."""
    file: Path = tmp_path_factory.mktemp("smaller") / "kubeconfig"
    write_private(file, stack.outputs(secrets=True)["kubeconfig"])
    kube = Kube(file, stack.environment)
    eventually(lambda: set(closed(kube).values()) == {False} and len(closed(kube)) == 3)
    kube.run("kubectl", "create", "namespace", "kept")
    create = "kubectl --namespace kept create deployment kept --image=kept --replicas=9"
    kube.run(*create.split())
    kube.run("kubectl", "--namespace", "kept", "rollout", "status", "deployment", "kept")
    kube.run("kubectl", "apply", "-f", "-", stdin=NO_EVICTION)
    return kube


def closed(kube: Kube) -> dict[str, bool]:
    """The nodes, and whether each takes no new pods."""
    return {
        node["metadata"]["name"]: node["spec"].get("unschedulable", False)
        for node in kube.list("nodes")
    }


def hosts(kube: Kube) -> set[str]:
    return {pod["spec"]["nodeName"] for pod in kube.list("pods", "kept")}


def test_a_budget_that_allows_no_eviction_keeps_the_nodes(stack: Stack, kube: Kube) -> None:
    before = closed(kube)
    assert hosts(kube) == set(before)
    stack.set(SIZE, "2")
    assert stack.preview() == [Step("update", NODEPOOL, "cluster-workers", {"size": "update"})]
    assert "cluster-workers: size: 3 to 2: nodes to drain and then remove: 1" in stack("preview")

    failed = stack.run("up", "--yes", "--skip-preview")
    assert failed.returncode != 0
    assert "The disruption budget never needs 9 healthy pods and has 9 currently" in failed.stdout
    assert "No node was removed, and all are schedulable again" in failed.stdout
    assert closed(kube) == before
    stack.set(SIZE, "3")
    stack("preview", "--expect-no-changes")


def test_the_node_that_takes_no_pods_is_the_one_that_goes(stack: Stack, kube: Kube) -> None:
    """Whichever Exoscale would have chosen: each is the oldest or the newest but one."""
    leaving = sorted(closed(kube))[1]
    kube.run("kubectl", "cordon", leaving)
    kube.run("kubectl", "--namespace", "kept", "delete", "poddisruptionbudget", "never")
    stack.set(SIZE, "2")
    stack.up()
    assert leaving not in closed(kube)
    assert list(closed(kube).values()) == [False, False]
    eventually(lambda: hosts(kube) == set(closed(kube)))
    stack("preview", "--refresh", "--expect-no-changes")
