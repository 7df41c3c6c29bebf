"""What comes after what, and so is deleted before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from unittest.mock import patch

import pytest

from tests.program.unit.recorded_resources import STACKS, recorded, requests

CLUSTER = "SksCluster$"
GATE = "pulumi:index:Stash"
DELETED_BEFORE_NAMESPACE = (
    *("apps/v1:Deployment", "apps/v1:StatefulSet", "batch/v1:CronJob", "batch/v1:Job"),
    *("core/v1:Namespace", "core/v1:PersistentVolume", "core/v1:PersistentVolumeClaim"),
    *("networking.k8s.io/v1:Ingress", "LoadBalancer"),
)
"""Types of objects, and that of a Service."""

DRAIN = "urn:pulumi:stack::project::webapp:index:SksCluster$pulumi:index:Stash::nodepools"
WITH_CLUSTER = ("rich", "plain", "nodepools")


Requests = Mapping[str, Mapping[str, Any]]


@pytest.mark.parametrize("stack", WITH_CLUSTER)
def test_what_is_on_a_cluster_is_deleted_before_anything_of_the_cluster(stack: str) -> None:
    requests = recorded()[stack]
    cluster = {urn for urn in requests if CLUSTER in urn and "read-only" not in urn} - {DRAIN}
    assert len(cluster) >= len(("cluster", "group", "rule", "nodepool", "gate", "provider"))
    for urn in on_cluster(requests):
        missing = cluster - closure(requests, urn)
        assert not missing, urn


@pytest.mark.parametrize("stack", WITH_CLUSTER)
def test_nodepools_are_drained_after_everything_that_uses_them(stack: str) -> None:
    requests = recorded()[stack]
    assert requests[DRAIN]["aliases"] == [{"spec": {"noParent": True}}]
    missing = {*on_cluster(requests)} - closure(requests, DRAIN)
    assert {urn for urn in missing if "WebApp$" in urn or "Controller$" in urn} == set()


@pytest.mark.parametrize("stack", WITH_CLUSTER)
def test_of_a_cluster_the_gates_alone_are_named(stack: str) -> None:
    """An object names a nodepool too where it has its ID."""
    requests = recorded()[stack]
    for urn in on_cluster(requests):
        request = requests[urn]
        used = {each for urns in request.get("propertyDependencies", {}).values() for each in urns}
        named = {each for each in request.get("dependencies", ()) if CLUSTER in each}
        assert {each for each in named - used if GATE not in each} == set(), urn


def test_what_is_of_an_application_comes_after_its_namespace_and_the_check_of_data() -> None:
    for stack in recorded().values():
        for urn in on_cluster(stack):
            namespace = stack[urn].get("object", {}).get("metadata", {}).get("namespace")
            if "WebApp$" not in urn or not namespace:
                continue
            before = closure(stack, urn)
            for needed in (f"kubernetes:core/v1:Namespace::{namespace}", f"{GATE}::databases"):
                assert any(each.endswith(needed) for each in before), (urn, needed)


@pytest.mark.parametrize("kind", DELETED_BEFORE_NAMESPACE)
def test_what_has_pods_data_or_a_controller_is_deleted_before_its_namespace(kind: str) -> None:
    found = [
        request
        for stack in recorded().values()
        for request in stack.values()
        if kind in (request["type"].removeprefix("kubernetes:"), service_type(request))
    ]
    assert found
    assert not [request for request in found if "deletedWith" in request]


def test_objects_are_deleted_with_their_own_namespace_if_it_is_the_stacks() -> None:
    for stack in recorded().values():
        for urn, request in stack.items():
            owner = request.get("deletedWith")
            if owner and CLUSTER not in urn:
                namespace = request["object"]["metadata"]["namespace"]
                assert owner.endswith(f"core/v1:Namespace::{namespace}")
    shared = STACKS["shared"] | {"namespaces": [{"name": "web", "existing": True}]}
    with patch("components.namespace.app_namespace.require_namespace", exists):
        found = requests(shared)
    assert not [urn for urn, each in found.items() if each.get("deletedWith")]


async def exists(name: str, *_: object) -> str:
    """In place of a question to the API server."""
    return name


def service_type(request: Mapping[str, Any]) -> str | None:
    found: str | None = request.get("object", {}).get("spec", {}).get("type")
    return found


def on_cluster(requests: Requests) -> Iterator[str]:
    """The URNs of the objects on a cluster that are not the cluster's own."""
    for urn, request in requests.items():
        if request["type"].startswith("kubernetes:") and CLUSTER not in urn and " read" not in urn:
            yield urn


def closure(requests: Requests, urn: str) -> set[str]:
    """All that a resource depends on, by dependencies and by its provider, at any distance."""
    found: set[str] = set()
    waiting = [urn]
    while waiting:
        request = requests.get(waiting.pop(), {})
        provider = request.get("provider", "").rpartition("::")[0]
        new = {*request.get("dependencies", ()), *([provider] if provider else [])} - found
        found |= new
        waiting += new
    return found
