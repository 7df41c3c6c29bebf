"""What `pulumi destroy` deletes after what, and that nothing is left on a cluster that stays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sandbox.paths import write_private
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import APP, CLUSTER, NODEPOOL, TUTORIAL, Stack, copy_project
from tools.preview import EVENT_LOG

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SHOP: dict[str, Any] = {key: value for key, value in APP.items() if key != "replicas"} | {
    "name": "shop",
    "namespace": "shop",
    "path": "/shop",
    "config": {"environment": {"COLOR": "red"}, "files": {"/etc/shop.conf": "x"}},
    "autoscaler": {"min": 1, "max": 2, "cpu": 80},
    "beforeRollout": {"command": ["true"]},
    "database": {"storage": "1Gi", "image": "postgres:18.5"},
}
"""Has an object of each kind, but for a load balancer of its own."""
STATELESS = {key: value for key, value in SHOP.items() if key != "database"}

FRONT: dict[str, Any] = {
    "name": "front",
    "image": "example/front:1",
    "service": "LoadBalancer",
    "networkPolicy": {"enabled": False},
}
NAMESPACE = {"name": "shop", "quota": {"pods": 20}, "defaults": {"limits": {"memory": "64Mi"}}}
ON_CLUSTER = {"apps": [SHOP, FRONT], "namespaces": [NAMESPACE], "ingress": TUTORIAL["ingress"]}
DELETED_WITH_NAMESPACE = (
    *("ConfigMap", "HorizontalPodAutoscaler", "LimitRange", "NetworkPolicy"),
    *("PodDisruptionBudget", "ResourceQuota", "Secret", "Service", "ServiceAccount"),
)
KINDS = (
    "configmaps,horizontalpodautoscalers,limitranges,networkpolicies,poddisruptionbudgets,"
    "resourcequotas,secrets,services,serviceaccounts,deployments,statefulsets,jobs,pods,"
    "persistentvolumeclaims,ingresses"
)


class Deletion(NamedTuple):
    """Where in the engine's events a deletion begins and ends."""

    begin: int
    end: int


def deletions(stack: Stack, log: Path) -> dict[str, Deletion]:
    """Destroy the stack; return the deletions by URN."""
    logging = Stack(stack.name, stack.folder, {**stack.environment, **EVENT_LOG})
    logging("destroy", "--yes", "--skip-preview", "--event-log", str(log))
    found: dict[str, dict[str, int]] = {"resourcePreEvent": {}, "resOutputsEvent": {}}
    for number, line in enumerate(log.read_text().splitlines()):
        event = json.loads(line)
        for kind, numbers in found.items():
            metadata = event.get(kind, {}).get("metadata", {})
            if metadata.get("op") == "delete":
                numbers[metadata["urn"]] = number
    begins, ends = found.values()
    return {urn: Deletion(begin, ends[urn]) for urn, begin in begins.items() if urn in ends}


def of_kind(deleted: Mapping[str, Deletion], *kinds: str) -> list[Deletion]:
    """Those of resources of these types, such as `core/v1:Namespace`."""
    found = [
        deletion
        for urn, deletion in deleted.items()
        if urn.split("::")[2].split("$")[-1].partition(":")[2] in kinds
    ]
    assert found, kinds
    return found


def last(deleted: list[Deletion]) -> int:
    return max(deletion.end for deletion in deleted)


def first(deleted: list[Deletion]) -> int:
    return min(deletion.begin for deletion in deleted)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("destroyed") / "project")


def test_what_is_on_a_cluster_is_deleted_before_the_cluster(
    sandbox: Sandbox, folder: Path, tmp_path: Path
) -> None:
    """And the Ingresses before their controller, what has pods or data before its namespace."""
    before = sandbox.holds()
    stack = Stack("whole", folder, sandbox.environment)
    cluster = CLUSTER | {"csi": True, "nodepools": [NODEPOOL | {"size": 1}]}
    stack.configure({"cluster": cluster, **ON_CLUSTER})
    stack("stack", "init")
    stack.up()
    deleted = deletions(stack, tmp_path / "events")
    assert stack.resources() == []
    assert sandbox.holds() == before

    on_cluster = [
        each for urn, each in deleted.items() if "$kubernetes:" in urn.rpartition("::")[0]
    ]
    nodepools = of_kind(deleted, "index/sksNodepool:SksNodepool")
    assert last(on_cluster) < first(nodepools)
    rules = of_kind(deleted, "index/securityGroupRule:SecurityGroupRule")
    assert last(nodepools) < first(rules)
    assert last(nodepools) < first(of_kind(deleted, "index/sksCluster:SksCluster"))
    ingresses = of_kind(deleted, "networking.k8s.io/v1:Ingress")
    assert last(ingresses) < first(of_kind(deleted, "helm.sh/v3:Release"))
    for app in ("shop", "front"):
        of_app = {
            urn: each
            for urn, each in deleted.items()
            if f"WebApp::{app}" in urn or urn.endswith((f".{app}", f"::{app}"))
        }
        used = of_kind(of_app, "apps/v1:Deployment", "core/v1:Service")
        assert last(used) < first(of_kind(of_app, "core/v1:Namespace"))
    data = of_kind(deleted, "core/v1:PersistentVolumeClaim")
    assert last(of_kind(deleted, "apps/v1:StatefulSet")) < first(data)
    assert last(data) < last(of_kind(deleted, "core/v1:Namespace"))


@pytest.fixture(scope="module")
def kube(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Kube:
    """A cluster that is not the stacks'."""
    addons = ["exoscale-cloud-controller", "exoscale-container-storage-interface"]
    cluster = sandbox.create_cluster("staying", size=2, addons=addons)
    file = tmp_path_factory.mktemp("staying") / "kubeconfig"
    write_private(file, sandbox.kubeconfig(cluster))
    return Kube(file, sandbox.environment)


@pytest.fixture
def stack(sandbox: Sandbox, folder: Path) -> Iterator[Stack]:
    """A stack with nothing in it."""
    stack = Stack("guest", folder, sandbox.environment)
    stack("stack", "init")
    yield stack
    stack("destroy", "--yes", "--skip-preview")
    stack("stack", "rm", "--yes")


def deploy(stack: Stack, kube: Kube, **settings: Any) -> None:
    """Deploy these settings and no others to that cluster."""
    stack.configure({"existingCluster": {"kubeconfig": str(kube.kubeconfig)}, **settings})
    stack.up()


def objects(kube: Kube, namespace: str | None = None) -> set[tuple[str, str]]:
    """Kind and name of all objects."""
    return {(each["kind"], each["metadata"]["name"]) for each in kube.list(KINDS, namespace)}


def test_nothing_is_left_on_a_cluster_that_stays(stack: Stack, kube: Kube) -> None:
    deploy(stack, kube, **ON_CLUSTER)
    there = {kind for kind, _ in objects(kube, "shop")}
    assert there >= {*DELETED_WITH_NAMESPACE, "StatefulSet", "PersistentVolumeClaim", "Ingress"}
    with_namespace = {
        resource["type"].rpartition(":")[2]
        for resource in stack.resources()
        if resource.get("deletedWith", "").endswith("core/v1:Namespace::shop")
    }
    assert with_namespace == {*DELETED_WITH_NAMESPACE}
    stack("destroy", "--yes", "--skip-preview")
    assert stack.resources() == []
    assert {"shop", "front", "ingress-nginx"}.isdisjoint(kube.names("namespaces"))
    assert not {name for _, name in objects(kube) if name.startswith(("shop", "front"))}


def test_an_application_leaves_nothing_in_a_namespace_that_stays(stack: Stack, kube: Kube) -> None:
    """Each object is deleted by itself."""
    beside = STATELESS | {"name": "beside", "path": "/beside"}
    deploy(stack, kube, **ON_CLUSTER | {"apps": [STATELESS, beside]})

    def left() -> set[str]:
        return {name for _, name in objects(kube, "shop") if name.startswith("beside")}

    assert left()
    deploy(stack, kube, **ON_CLUSTER | {"apps": [STATELESS]})
    eventually(lambda: not left())
    stack("preview", "--refresh", "--expect-no-changes")


def test_a_stack_leaves_nothing_in_a_namespace_of_another(stack: Stack, kube: Kube) -> None:
    """Each object is deleted by itself."""
    kube.run("kubectl", "create", "namespace", "lent")
    eventually(lambda: ("ConfigMap", "kube-root-ca.crt") in objects(kube, "lent"))
    empty = objects(kube, "lent")
    lent = [{"name": "lent", "existing": True}]
    apps = [STATELESS | {"namespace": "lent"}]
    deploy(stack, kube, **ON_CLUSTER | {"apps": apps, "namespaces": lent})
    assert objects(kube, "lent") > empty
    assert not [each for each in stack.resources() if each.get("deletedWith")]
    stack("destroy", "--yes", "--skip-preview")
    eventually(lambda: objects(kube, "lent") == empty)
