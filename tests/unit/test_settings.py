"""Every mistake in the settings is one line that names the key, the value and what is allowed."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any, get_args

import pulumi
import pytest
import yaml
from pydantic import BaseModel

from components.ingress_nginx import IngressNginxArgs
from components.sks_cluster import SksClusterArgs
from components.web_app import WebAppArgs
from settings import Settings
from settings.app import AppSettings
from settings.cluster import ClusterSettings
from settings.ingress import IngressSettings

ROOT = Path(__file__).parents[2]
VALID: dict[str, Any] = {
    "cluster": {
        "zone": "ch-gva-2",
        "version": "1.34.3",
        "nodepools": [{"name": "workers", "instanceType": "standard.small", "size": 2}],
    },
    "apps": [{"name": "web", "image": "example/web:1"}, {"name": "api", "image": "example/api:1"}],
}


def load(values: dict[str, Any]) -> Settings:
    """Load settings as the engine passes them: a string a key, JSON for an object."""
    config = {f"webapp:{key}": json.dumps(value) for key, value in values.items()}
    pulumi.runtime.set_all_config({**config, "other:key": "ignored"})
    return Settings.load()


@pytest.fixture(autouse=True)
def _stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "get_project", lambda: "webapp")
    monkeypatch.setattr(pulumi, "get_stack", lambda: "test")


def changed(path: str, value: Any) -> dict[str, Any]:
    """The valid settings with the value at `path` set, or removed if it is `...`."""
    values = copy.deepcopy(VALID)
    *parents, last = [int(p) if p.isdigit() else p for p in re.findall(r"\w+", path)]
    target: Any = values
    for part in parents:
        target = target.setdefault(part, {}) if isinstance(target, dict) else target[part]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return values


def test_defaults() -> None:
    settings = load(VALID)
    app = settings.apps[0]
    assert (app.replicas, app.port, app.service, app.path) == (1, 8080, "ClusterIP", None)
    assert app.args["namespace"] == "web"
    assert (settings.cluster.level, settings.cluster.cni) == ("starter", "calico")
    assert settings.cluster.node_port_sources == ()
    assert settings.cluster.nodepools[0].disk_size == 50
    assert settings.ingress.version == "4.15.1"
    assert settings.cluster.kubeconfig.ttl_seconds == 2592000


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
        ("cluster.zone", "ch-gva-9", '"ch-gva-9": must be one of'),
        ("cluster.zone", ..., "is missing"),
        ("cluster", ..., "is missing"),
        ("cluster.version", "1.34", '"1.34": must be a Kubernetes version in full'),
        ("cluster.version", 1.34, "1.34: must be a string"),
        ("cluster.level", "free", "\"free\": must be one of 'starter' or 'pro'"),
        ("cluster.cni", "flannel", "\"flannel\": must be one of 'calico' or 'cilium'"),
        ("cluster.nodePortSources", ["10.0.0.1/8"], '"10.0.0.1/8": must be a network'),
        ("cluster.nodepools", [], "[]: must have 1 or more items"),
        ("cluster.nodepools[0].size", 0, "0: must be 1 or more"),
        ("cluster.nodepools[0].size", "2", '"2": must be a whole number'),
        ("cluster.nodepools[0].diskSize", 5, "5: must be 20 or more"),
        ("cluster.nodepools[0].instanceType", "small", '"small": must be an instance type'),
        ("cluster.nodepools[0].name", ..., "is missing"),
        ("cluster.kubeconfig.ttlSeconds", 1, "1: must be 60 or more"),
        ("cluster.kubeconfig.earlyRenewalSeconds", 2592000, "must be less than ttlSeconds"),
        ("ingress.version", "latest", '"latest": must be a chart version in full'),
        ("ingress.repository", "example", '"example": must be an address'),
        ("ingress.values", "x", '"x": must be a mapping'),
        ("apps[0].replicas", -1, "-1: must be 0 or more"),
        ("apps[0].replicas", "three", '"three": must be a whole number'),
        ("apps[0].replicas", True, "true: must be a whole number"),
        ("apps[0].port", 65536, "65536: must be 65535 or less"),
        ("apps[0].port", 0, "0: must be 1 or more"),
        ("apps[0].name", "Web_1", '"Web_1": must be a DNS label'),
        ("apps[0].image", "Not An Image", '"Not An Image": must be a container image'),
        ("apps[0].namespace", "kube-system", '"kube-system": must be another one'),
        ("apps[0].path", "rickroller", '"rickroller": must be a path'),
        ("apps[0].path", "/a/", '"/a/": must be a path'),
        ("apps[0].service", "External", "\"External\": must be one of 'ClusterIP', 'NodePort'"),
        ("apps[0].environment", ["A"], '["A"]: must be a mapping'),
        ("apps[0].generatedSecrets", ["1A"], '"1A": must be an environment variable\'s name'),
        ("apps[0].generatedSecrets", ["A", "A"], "must have A once"),
        ("apps[0].image", ..., "is missing"),
        ("apps[0].replica", 3, 'unknown key; did you mean "replicas"?'),
        ("cluster.nodepools[0].color", "red", "unknown key; allowed are name, instanceType"),
        ("clutser", {}, 'unknown key; did you mean "cluster"?'),
    ],
)
def test_a_mistake_names_key_value_and_what_is_allowed(path: str, value: Any, message: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        load(changed(path, value))
    lines = str(caught.value).splitlines()
    assert lines[0] == "wrong settings in Pulumi.test.yaml, nothing was changed:"
    assert [line for line in lines[1:] if line.strip().startswith(path)], lines
    assert message in lines[1]
    assert len(lines) == 2


def test_environment_of_generated_secrets() -> None:
    values = changed("apps[0].environment", {"KEY": "x"})
    values["apps"][0]["generatedSecrets"] = ["KEY"]
    with pytest.raises(pulumi.RunError, match="must not have KEY, which is in environment too"):
        load(values)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("apps[1].name", "web", 'apps: "web": two have this name'),
        ("apps[1].namespace", "web", 'apps: "web": two have this namespace'),
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
    assert keys == ["cluster.zone", "apps[0].replicas", "apps[0].nmae", "apps"]


@pytest.mark.parametrize("stack", ["dev", "local"])
def test_the_committed_stacks_are_valid(stack: str) -> None:
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    settings = load({key.removeprefix("webapp:"): value for key, value in config.items()})
    assert [app.name for app in settings.apps] == ["rickroller"]


def test_local_differs_from_dev_only_in_the_chart() -> None:
    dev, local = (
        yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
        for stack in ("dev", "local")
    )
    assert local.pop("webapp:ingress") == {"chart": "./sandbox/charts/ingress-nginx"}
    assert local == dev


@pytest.mark.parametrize(
    ("model", "args", "not_passed", "added"),
    [
        (ClusterSettings, SksClusterArgs, set(), set()),
        (IngressSettings, IngressNginxArgs, set(), {"namespace", "instance_pool_id"}),
        (AppSettings, WebAppArgs, {"name"}, set()),
    ],
)
def test_every_setting_is_an_argument_of_its_component(
    model: type[BaseModel], args: Any, not_passed: set[str], added: set[str]
) -> None:
    assert set(model.model_fields) - not_passed == set(args.__annotations__) - added


def test_every_key_is_described() -> None:
    described = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    for name, field in Settings.model_fields.items():
        words = set(re.findall(r"^\s+(\w+) ", described[name]["description"], re.MULTILINE))
        assert _keys(field.annotation) <= words, name


def _keys(annotation: Any) -> set[str]:
    """The aliases of all settings below an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return {f.alias or n for n, f in fields}.union(*(_keys(f.annotation) for _, f in fields))
    return set().union(*(_keys(part) for part in get_args(annotation)))
