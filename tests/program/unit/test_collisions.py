"""Two settings that ask for one object are refused, both named, before the first is made."""

from __future__ import annotations

from typing import Any

import pytest

from stack.args import StackArgs
from stack.declared import declared_resources
from tests.program.unit.recorded_resources import STACKS, recorded
from tests.program.unit.stack_settings import changed, load, mistakes

DATABASE = {"storageClass": "local-path"}
OPEN = "192.0.2.0/24"


@pytest.mark.parametrize("stack", STACKS)
def test_the_table_is_what_the_components_register(stack: str) -> None:
    """No more and no less, but for Ingresses, what is only read, what the program remembers from
    one run to the next, and the components themselves."""
    registered = []
    for urn, each in recorded()[stack].items():
        kind = each["type"]
        if kind.startswith("webapp:") or kind.endswith((":Ingress", ":Stash")) or "id" in each:
            continue
        metadata = each.get("object", {}).get("metadata", {})
        namespace, name = metadata.get("namespace"), metadata.get("name")
        if each["type"].endswith(":Release"):
            namespace, name = each["object"]["namespace"], each["object"]["name"]
        component = each["parent"].split("::")[2].rpartition("webapp:index:")[2]
        registered.append((component, each["type"], each["name"], namespace, name))
        assert urn.endswith(f"::{each['name']}")
    table = [each[:5] for each in declared_resources(StackArgs.model_validate(STACKS[stack]))]
    assert sorted(map(str, table)) == sorted(map(str, registered))


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
            'apps[1].name: "web-db": would be the Service web-db in the namespace all, as '
            "apps[0].database.kind is already; give one of them another name",
        ),
        (
            apps({"name": "web-db"}, {"name": "web", "database": DATABASE}),
            'apps[1].database.kind: "postgresql": would be the Service web-db in the namespace '
            "all, as apps[0].name is already; give one of them another name",
        ),
        (
            apps({"generatedSecrets": ["API_KEY", "api_key"]}),
            'apps[0].generatedSecrets[1]: "api_key": would be the Secret web-api-key in the '
            "namespace all, as apps[0].generatedSecrets[0] is already; give one of them another "
            "name",
        ),
        (
            apps(
                {"generatedSecrets": ["API_KEY"]},
                {"name": "web-api", "generatedSecrets": ["KEY"]},
            ),
            'apps[1].generatedSecrets[0]: "KEY": would be the Secret web-api-key in the namespace '
            "all, as apps[0].generatedSecrets[0] is already; give one of them another name",
        ),
        (
            apps(
                {"generatedSecrets": ["API_SECRETS"]},
                {"name": "web-api", "secrets": {"environment": {"TOKEN": "hidden"}}},
            ),
            "apps[1].secrets.environment: [secret]: would be the Secret web-api-secrets in the "
            "namespace all, as apps[0].generatedSecrets[0] is already; give one of them another "
            "name",
        ),
    ],
)
def test_two_settings_of_one_object(values: dict[str, Any], line: str) -> None:
    secret = {"apps"} if "secret]" in line else ()
    assert mistakes(values, secret) == [line]


def test_two_rules_of_one_name() -> None:
    values = changed("cluster.nodePortSources", [OPEN])
    values["cluster"]["firewallRules"] = [{"name": "node-ports", "ports": "80", "sources": [OPEN]}]
    assert mistakes(values) == [
        'cluster.firewallRules[0].name: "node-ports": would be the SecurityGroupRule '
        f"cluster-node-ports-{OPEN}, as cluster.nodePortSources[0] is already; give one of them "
        "another name"
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
    load(apps({"database": DATABASE, "generatedSecrets": ["API_KEY"]}, *others))
