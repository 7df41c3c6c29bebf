"""What becomes of an application's resources when it gets another name, namespace or path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from components.web_app.ingress.args import RouteArgs
from components.web_app.ingress.ingress import ingress_name
from tests.program.unit.recorded_resources import recorded

GENERATED = {"ConfigMap", "Job", "PersistentVolume", "PersistentVolumeClaim"}
"""Kinds of which no object has a given name."""


def objects() -> dict[str, Mapping[str, Any]]:
    """What all recorded stacks register of applications, by stack and URN."""
    return {
        f"{stack} {urn}": found
        for stack, registered in recorded().items()
        for urn, found in registered.items()
        if ("WebApp$" in urn or "Database$" in urn) and "kubernetes:" in urn
    }


def test_what_has_a_given_name_goes_before_its_successor_comes() -> None:
    named = {urn: "name" in found["object"]["metadata"] for urn, found in objects().items()}
    first = {urn: found.get("deleteBeforeReplace", False) for urn, found in objects().items()}
    assert first == named
    assert {urn.split(":")[-3] for urn in named if not named[urn]} == GENERATED | {"Secret"}


def former_names(request: Mapping[str, Any]) -> list[str]:
    """The aliases by name; the SDK adds others by type."""
    aliases = [each["spec"] for each in request["aliases"]]
    return [each["name"] for each in aliases if "name" in each]


STAYS = {"Ingress", "Job", "StatefulSet"}
"""Kinds whose resource is the same in every namespace: docs/changes-and-upgrades.md says why."""


def test_an_object_in_another_namespace_is_another_resource() -> None:
    """It is created before the one in the old namespace is deleted."""
    same: set[object] = set()
    for urn, found in objects().items():
        kind, name = found["type"].rpartition(":")[2], found["name"]
        if "." not in name:
            same.add(kind if kind != "Service" else (kind, urn.partition(" ")[0]))
            continue
        former, _, namespace = name.partition(".")
        assert namespace == found["object"]["metadata"].get("namespace", namespace)
        assert former_names(found) == [former], urn
    assert same == STAYS | {("Service", "existing")}


def test_a_service_on_a_load_balancer_of_the_users_is_found_by_both_names() -> None:
    found = recorded()["existing"]
    (service,) = (each for urn, each in found.items() if urn.endswith("Service::web"))
    assert former_names(service) == ["web.web"]


def test_an_ingress_is_of_its_path_after_the_pods_and_once_was_its_applications() -> None:
    found = recorded()["plain"]
    (urn,) = (urn for urn in found if "Ingress::web-" in urn)
    ingress = found[urn]
    assert ingress["name"] == ingress["object"]["metadata"]["name"]
    assert {"name": "web", "parentUrn": ""} in [each["spec"] for each in ingress["aliases"]]
    assert ingress["ignoreChanges"] == ["metadata.name"]
    kinds = {each.partition("WebApp$")[2] for each in ingress["dependencies"]}
    assert {"pulumi:index:Stash::web-rollout", "kubernetes:core/v1:Service::web.web"} <= kinds


@pytest.mark.parametrize(
    ("settings", "slug"),
    [
        ({"path": "/shop"}, "shop"),
        ({"path": "/a/B_c.d"}, "a-b-c-d"),
        ({"path": "/"}, "root"),
        ({"host": "*.example.com"}, "example-com"),
        ({"host": "example.com", "path": "/shop"}, "example-com-shop"),
        ({"ingress": {"regex": "/v[0-9]+/(.*)"}}, "v-0-9"),
        ({"path": f"/{'a' * 300}"}, "a" * 200),
    ],
)
def test_an_ingress_is_named_after_its_host_and_path(settings: dict[str, Any], slug: str) -> None:
    words, _, digest = ingress_name(RouteArgs.model_validate(settings)).rpartition("-")
    assert (words, len(digest)) == (slug, 8)


def test_ingresses_that_the_webhook_tells_apart_have_names_of_their_own() -> None:
    routes: list[dict[str, Any]] = [
        {"path": "/a/b"},
        {"path": "/a-b"},
        {"path": "/a-b", "ingress": {"rewrite": False}},
        {"path": "/a-b", "host": "a.example"},
        {"host": "a.example"},
    ]
    names = {ingress_name(RouteArgs.model_validate(each)) for each in routes}
    assert len(names) == len(routes)


def test_a_path_and_the_same_as_a_regular_expression_are_one_ingress() -> None:
    path = RouteArgs.model_validate({"path": "/a"})
    regex = RouteArgs.model_validate({"ingress": {"regex": "/a(/|$)(.*)"}})
    assert ingress_name(path) == ingress_name(regex)
