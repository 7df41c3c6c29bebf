"""Two settings that ask for one object are refused, both named, before the first is made."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pulumi
import pytest

from stack.collisions import reject_collisions
from tests.program.manifests import declare
from tests.program.unit.engine import Engine, run
from tests.program.unit.stack_settings import changed, mistakes

DATABASE = {"storageClass": "local-path"}
OPEN = "192.0.2.0/24"


def apps(one: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    """Settings with these applications, named web and as they say, in one namespace."""
    every = [{"name": "web"} | one, *others]
    return changed(
        "apps", [{"image": "example/web:1", "namespace": "all"} | each for each in every]
    )


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (
            apps({"database": DATABASE}, {"name": "web-db"}),
            "NetworkPolicy all/web-db and Service all/web-db: declared by Database web-db of "
            "WebApp web and by WebApp web-db: give one of the two another name",
        ),
        (
            apps({"name": "web-db"}, {"name": "web", "database": DATABASE}),
            "Service all/web-db and NetworkPolicy all/web-db: declared by WebApp web-db and by "
            "Database web-db of WebApp web: give one of the two another name",
        ),
        (
            apps(
                {"generatedSecrets": ["API_KEY"]},
                {"name": "web-api", "generatedSecrets": ["KEY"]},
            ),
            "Secret all/web-api-key: declared by WebApp web and by WebApp web-api: give one of "
            "the two another name",
        ),
        (
            apps(
                {"generatedSecrets": ["API_SECRETS"]},
                {"name": "web-api", "secrets": {"environment": {"TOKEN": "hidden"}}},
            ),
            "Secret all/web-api-secrets: declared by WebApp web and by WebApp web-api: give one "
            "of the two another name",
        ),
    ],
)
def test_two_settings_of_one_object(values: dict[str, Any], line: str) -> None:
    assert collisions(values) == [line]


def test_all_of_them_are_named() -> None:
    values = apps(
        {"database": DATABASE, "generatedSecrets": ["API_KEY"]},
        {"name": "web-db"},
        {"name": "web-api", "generatedSecrets": ["KEY"]},
    )
    assert [line.partition(":")[0] for line in collisions(values)] == [
        "NetworkPolicy all/web-db and Service all/web-db",
        "Secret all/web-api-key",
    ]


def test_one_component_that_declares_a_resource_twice() -> None:
    values = apps(
        {"service": "LoadBalancer", "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]}
    )
    values["cluster"]["firewallRules"] = [
        {
            "name": "node-ports-udp",
            "ports": "80",
            "sources": [*values["cluster"]["nodePortSources"]],
        }
    ]
    assert collisions(values) == [
        f"SecurityGroupRule cluster-node-ports-udp-{OPEN}: declared by SksCluster cluster twice: "
        "give one of the two another name"
    ]


def collisions(values: dict[str, Any]) -> list[str]:
    """The lines of the error, after which nothing was created."""
    created: list[str] = []
    with (
        patch.object(Engine, "new_resource", lambda _, args: created.append(args.name)),
        pytest.raises(pulumi.RunError) as caught,
    ):
        declare(values)
    assert created == []
    first, *lines = str(caught.value).splitlines()
    assert first == "settings declare the same object twice, nothing was changed:"
    return [line.strip() for line in lines]


def test_nothing_is_created_if_a_component_fails() -> None:
    created: list[str] = []

    @reject_collisions()
    def program() -> None:
        pulumi.ComponentResource("test:index:Component", "first")
        raise ValueError("the second")

    with (
        patch.object(Engine, "new_resource", lambda _, args: created.append(args.name)),
        pytest.raises(ValueError, match="the second"),
    ):
        run(program)
    assert created == []


def test_two_variables_of_one_secret() -> None:
    assert mistakes(apps({"generatedSecrets": ["API_KEY", "api_key"]})) == [
        'apps[0].generatedSecrets[1]: "api_key": must differ from API_KEY by more than case, . '
        "and _"
    ]


def test_two_rules_of_one_name() -> None:
    values = changed("cluster.nodePortSources", [OPEN])
    values["cluster"]["firewallRules"] = [{"name": "node-ports", "ports": "80", "sources": [OPEN]}]
    assert mistakes(values) == [
        'cluster.firewallRules[0].name: "node-ports": must not be the name of the rules for '
        "nodePortSources"
    ]


@pytest.mark.parametrize(
    "others",
    [
        [{"name": "web-db", "namespace": "other"}],
        [{"name": "api", "generatedSecrets": ["API_KEY"]}],
        [{"name": "web-api", "namespace": "other", "generatedSecrets": ["KEY"]}],
    ],
)
def test_what_looks_alike_and_is_not(others: list[dict[str, Any]]) -> None:
    declare(apps({"database": DATABASE, "generatedSecrets": ["API_KEY"]}, *others))
