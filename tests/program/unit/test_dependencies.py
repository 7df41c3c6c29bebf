"""What comes after what, and so is deleted before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.program.unit.recorded_resources import recorded

CLUSTER = "SksCluster$"
GATE = "pulumi:index:Stash"
WITH_CLUSTER = ("rich", "plain", "nodepools")

Requests = Mapping[str, Mapping[str, Any]]


@pytest.mark.parametrize("stack", WITH_CLUSTER)
def test_what_is_on_a_cluster_is_deleted_before_anything_of_the_cluster(stack: str) -> None:
    requests = recorded()[stack]
    cluster = {urn for urn in requests if CLUSTER in urn and "read-only" not in urn}
    assert len(cluster) >= len(("cluster", "group", "rule", "nodepool", "gate", "provider"))
    for urn in on_cluster(requests):
        missing = cluster - closure(requests, urn)
        assert not missing, urn


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
    for requests in recorded().values():
        for urn in on_cluster(requests):
            namespace = requests[urn].get("object", {}).get("metadata", {}).get("namespace")
            if "WebApp$" not in urn or not namespace:
                continue
            before = closure(requests, urn)
            for needed in (f"kubernetes:core/v1:Namespace::{namespace}", f"{GATE}::databases"):
                assert any(each.endswith(needed) for each in before), (urn, needed)


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
