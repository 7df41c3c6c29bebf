"""Every mistake in the settings is one line that names the key, the value and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pydantic import BaseModel

from components.args.errors import model_in
from components.args.types import by_key
from sandbox.images.images import DEMO_VERSION, LOCAL, traefik_version
from stack.args import StackArgs
from stack.checks.whole_stack import warnings
from tests.program.unit.stack_settings import VALID, changed, load, mistakes

ROOT = Path(__file__).parents[3]


def test_defaults() -> None:
    settings = load(changed("cluster.nodePortSources", ...))
    cluster = settings.cluster
    assert cluster
    app = settings.apps[0]
    assert (app.replicas, app.port, app.service, app.path) == (1, 8080, "ClusterIP", None)
    assert app.namespace_name == "web"
    assert (cluster.level, cluster.cni) == ("starter", "calico")
    assert cluster.node_port_sources == ()
    assert cluster.nodepools[0].disk_size == 50
    assert settings.ingress is None
    assert cluster.kubeconfig.ttl_seconds == 2592000


def test_numbers_and_booleans_of_the_environment_become_strings() -> None:
    values = changed("apps[0].environment", {"BEHIND_PROXY": True, "WORKERS": 2, "NAME": "x"})
    assert load(values).apps[0].environment == {
        "BEHIND_PROXY": "true",
        "WORKERS": "2",
        "NAME": "x",
    }


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("cluster", ..., "is missing"),
        ("ingress.version", "latest", '"latest": must be a chart version in full'),
        ("ingress.repository", "example", '"example": must be an address'),
        ("ingress.values", "x", '"x": must be a mapping'),
        ("apps[0].replicas", -1, "-1: must be 0 or more"),
        ("apps[0].replicas", "three", '"three": must be a whole number'),
        ("apps[0].replicas", True, "true: must be a whole number"),
        ("apps[0].port", 65536, "65536: must be a port, 1 to 65535, or none"),
        ("apps[0].port", 0, "0: must be a port, 1 to 65535, or none"),
        ("apps[0].name", "Web_1", '"Web_1": must be a DNS label'),
        ("apps[0].image", "not an image", '"not an image": must be a container image'),
        ("apps[0].namespace", "kube-system", '"kube-system": must not be one of'),
        ("apps[0].path", "rickroller", '"rickroller": must be a path'),
        ("apps[0].path", "/a/", '"/a/": must be a path'),
        ("apps[0].service", "External", "\"External\": must be one of 'ClusterIP', 'NodePort'"),
        ("apps[0].environment", ["A"], '["A"]: must be a mapping'),
        ("apps[0].generatedSecrets", ["1A"], '"1A": must be an environment variable\'s name'),
        ("apps[0].generatedSecrets", ["A", "A"], "must be in one of environment"),
        ("apps[0].image", ..., "is missing"),
        ("apps[0].replica", 3, 'unknown key; did you mean "replicas"?'),
        ("clutser", {}, 'unknown key; did you mean "cluster"?'),
    ],
)
def test_a_mistake_names_key_value_and_what_is_allowed(path: str, value: Any, message: str) -> None:
    (line,) = mistakes(changed(path, value))
    assert line.startswith(path)
    assert message in line


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("apps[1].name", "web", 'apps: "web": two have this name'),
        (
            "cluster.nodepools",
            VALID["cluster"]["nodepools"] * 2,
            'cluster.nodepools: "workers": two have this name',
        ),
    ],
)
def test_what_must_differ(path: str, value: Any, message: str) -> None:
    with pytest.raises(pulumi.RunError, match=re.escape(message)):
        load(changed(path, value))


def test_all_mistakes_are_reported_at_once() -> None:
    values = changed("cluster.zone", "mars")
    values["apps"][0] |= {"replicas": -1, "nmae": "x", "path": "/same"}
    values["apps"][1] |= {"path": "/same"}
    with pytest.raises(pulumi.RunError) as caught:
        load(values)
    keys = [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]]
    assert keys == ["cluster.zone", "apps[0].replicas", "apps[0].nmae", "apps[1].path"]


def test_all_problems_of_values_and_of_what_is_right_by_itself_are_reported() -> None:
    values = changed("cluster.zone", "mars")
    values["cluster"] |= {"kubeProxy": "off"}
    values["cluster"]["nodepools"][0] |= {"size": 0, "taints": {"gpu": "true:NoSchedule"}}
    values["apps"][0] |= {
        "replicas": -1,
        "port": "http",
        "rollout": {"maxSurge": "all"},
    }
    values["apps"][1] |= {"autoscaler": {"min": 3, "max": 2, "cpu": 80}}
    wrong = {"cluster.zone", "cluster.kubeProxy", "cluster.nodepools[0].size"}
    wrong |= {"apps[0].replicas", "apps[0].port", "apps[0].rollout.maxSurge"}
    wrong |= {"apps[1].autoscaler.max"}
    lines = mistakes(values)
    assert {line.split(": ")[0] for line in lines} == wrong
    assert len(lines) == 7


STACKS = ("local", "e2e", "dev", "staging", "prod")
"""Those that the project comes with: users' further ones have secrets, which are encrypted."""

DIGEST = "@sha256:" + "0a" * 32


def committed(stack: str) -> dict[str, Any]:
    """What the stack's file has."""
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key.removeprefix("webapp:"): value for key, value in config.items()}


@pytest.mark.parametrize("stack", STACKS[:-1])
def test_the_committed_stacks_are_valid(stack: str) -> None:
    settings = load(committed(stack), stack=stack)
    assert [app.name for app in settings.apps] == ["rickroller"]


def test_of_prod_nothing_but_the_digest_is_missing() -> None:
    """A digest is of the image that its user has tried, so the file can't have it yet."""
    values = committed("prod")
    (line,) = mistakes(values)
    assert line.startswith('apps[0].image: "derlin/rickroller:1.0.0": must have its digest')
    values["apps"][0]["image"] += DIGEST
    settings = load(values, stack="prod")
    assert settings.production
    assert list(warnings(settings)) == []
    assert settings.cluster
    assert settings.cluster.protect
    assert settings.cluster.level == "pro"
    assert settings.cluster.nodes >= 3


def test_before_prod_the_stack_is_like_it() -> None:
    staging, prod = load(committed("staging")), committed("prod")
    assert list(warnings(staging)) == []
    assert (staging.cluster.level, staging.cluster.nodes) == ("pro", 2)  # type: ignore[union-attr]
    assert committed("staging")["ingress"] == prod["ingress"] == {"controller": "traefik"}


@pytest.mark.parametrize("stack", STACKS)
def test_the_committed_stacks_say_nothing_that_is_a_default(stack: str) -> None:
    assert list(defaults_in(StackArgs, committed(stack))) == []


def defaults_in(model: type[BaseModel], values: dict[str, Any]) -> Iterator[str]:
    """The keys whose values are those without them; what production asks for is none."""
    for key, value in values.items():
        field = by_key(model)[key]
        if value == field.get_default(call_default_factory=True):
            yield key
        part = model_in(field.annotation)
        for each in value if isinstance(value, list) else [value]:
            if part and isinstance(each, dict):
                yield from defaults_in(part, each)


def test_e2e_is_local_with_images_of_the_sandbox() -> None:
    e2e, local = committed("e2e"), committed("local")
    ingress = e2e.pop("ingress")
    assert (ingress.pop("controller"), ingress.pop("chart")) == (
        "traefik",
        "./sandbox/charts/traefik",
    )
    image = {"registry": LOCAL, "repository": "traefik", "tag": f"v{traefik_version()}"}
    assert ingress == {"values": {"image": image}}
    (app,) = e2e["apps"]
    assert app.pop("image") == f"{LOCAL}/demo:{DEMO_VERSION}"
    assert app.pop("rollout")
    del local["ingress"], local["apps"][0]["image"]
    assert e2e == local


def test_local_differs_from_dev_only_in_the_chart() -> None:
    local = committed("local")
    assert local.pop("ingress") == {"chart": "./sandbox/charts/ingress-nginx"}
    assert local == committed("dev")


def test_a_key_of_an_earlier_version_is_told_by_its_present_name() -> None:
    app = VALID["apps"][0] | {"database": {"abandonData": True}}
    lines = mistakes(VALID | {"apps": [app]})
    assert 'apps[0].database.abandonData: unknown key; it is now "allowDataLoss"' in lines
