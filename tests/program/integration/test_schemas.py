"""What the program declares is what the API server knows, field by field, and what the Pod Security
level of the applications' namespaces lets in.

The API server of Kubernetes 1.36 judges: server-side dry runs with strict field validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.program.manifests import RICH_STACK, declared
from tests.support.account import Sandbox
from tests.support.kube import Kube

pytestmark = pytest.mark.integration

NEEDED_BY_OTHERS = {"Namespace", "ServiceAccount", "PriorityClass"}
"""Kinds that a dry run of other objects looks up."""

WITH_PODS = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def rich(cluster_kubeconfig: Path) -> list[Manifest]:
    """Every manifest of the rich stack."""
    cluster = {"kubeconfig": str(cluster_kubeconfig)}
    return declared({**RICH_STACK, "existingCluster": cluster, "ingress": {"controller": "nginx"}})


@pytest.fixture(scope="module")
def kube(sandbox: Sandbox, cluster_kubeconfig: Path, rich: list[Manifest]) -> Iterator[Kube]:
    """The cluster, with the rich stack's namespaces and service accounts."""
    kube = Kube(cluster_kubeconfig, sandbox.environment)
    kept = [manifest for manifest in rich if manifest["kind"] in NEEDED_BY_OTHERS]
    create(kube, sorted(kept, key=lambda manifest: manifest["kind"]))
    yield kube
    names = [each["metadata"]["name"] for each in kept if each["kind"] == "Namespace"]
    kube.run("kubectl", "delete", "namespace", *names)


def create(kube: Kube, manifests: list[Manifest], *flags: str) -> None:
    """Create objects; an unknown field, or a warning of the API server, is an error."""
    strict = ("--validate=strict", "--warnings-as-errors")
    text = yaml.safe_dump_all(manifests)
    kube.run("kubectl", "create", *strict, *flags, "--filename=-", stdin=text)


def test_every_object_has_only_fields_and_values_that_the_api_server_knows(
    kube: Kube, rich: list[Manifest]
) -> None:
    others = [manifest for manifest in rich if manifest["kind"] not in NEEDED_BY_OTHERS]
    assert WITH_PODS.keys() | {"NetworkPolicy"} <= {manifest["kind"] for manifest in others}
    create(kube, others, "--dry-run=server")


def test_every_pod_is_let_in_where_the_level_restricted_is_enforced(
    kube: Kube, rich: list[Manifest]
) -> None:
    namespaces = [manifest["metadata"] for manifest in rich if manifest["kind"] == "Namespace"]
    levels = {
        namespace["name"]: namespace["labels"]["pod-security.kubernetes.io/enforce"]
        for namespace in namespaces
        if "labels" in namespace
    }
    pods = [pod(manifest) for manifest in rich if manifest["kind"] in WITH_PODS]
    assert {levels[each["metadata"]["namespace"]] for each in pods} == {"restricted"}
    create(kube, pods, "--dry-run=server")


def pod(workload: Manifest) -> Manifest:
    """A pod as the workload's controller makes it."""
    template: Any = workload
    for key in WITH_PODS[workload["kind"]]:
        template = template[key]
    metadata = {**template["metadata"], "namespace": workload["metadata"]["namespace"]}
    metadata["generateName"] = f"{workload['metadata']['name']}-"
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
