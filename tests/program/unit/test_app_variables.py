"""What an application's containers get: variables from elsewhere, and what they share."""

from __future__ import annotations

from typing import Any

import pytest

from stack.checks.expansions import warnings
from tests.program.unit.app import declare_app, declared_pod
from tests.program.unit.stack_settings import APP, SIDECAR, changed, load, mistakes

SMTP = {"secretKeyRef": {"name": "shop-smtp", "key": "password"}}
POD_IP = {"fieldRef": {"fieldPath": "status.podIP"}}


def test_variables_from_a_secret_and_from_the_pod_come_before_those_with_values() -> None:
    source = {
        "SMTP_PASSWORD": SMTP,
        "LICENSE": {"secretKeyRef": {"name": "license", "key": "key", "optional": True}},
        "POD_IP": POD_IP,
    }
    sidecar = SIDECAR | {"valueFrom": {"POD_IP": POD_IP}, "environment": {"A": "$(POD_IP)"}}
    spec = declared_pod(valueFrom=source, generatedSecrets=[], sidecars=[sidecar])
    assert spec["containers"][0]["env"] == [
        {"name": "SMTP_PASSWORD", "valueFrom": SMTP},
        {"name": "LICENSE", "valueFrom": source["LICENSE"]},
        {"name": "POD_IP", "valueFrom": POD_IP},
        {"name": "BEHIND_PROXY", "value": "true"},
    ]
    assert spec["initContainers"][0]["env"] == [
        {"name": "POD_IP", "valueFrom": POD_IP},
        {"name": "A", "value": "$(POD_IP)"},
    ]


def test_the_job_before_a_rollout_has_them_too() -> None:
    engine, _ = declare_app(valueFrom={"IP": POD_IP}, beforeRollout={"command": ["migrate"]})
    job = engine.of_type("Job")["rickroller-before-rollout"]["spec"]["template"]["spec"]
    assert {"name": "IP", "valueFrom": POD_IP} in job["containers"][0]["env"]


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"valueFrom": {"A": {}}}, "valueFrom.A: {}: must have one of secretKeyRef, fieldRef"),
        ({"valueFrom": {"A": SMTP | POD_IP}}, "valueFrom.A: {"),
        ({"valueFrom": {"A": "x"}}, 'valueFrom.A: "x": must be a mapping of keys to values'),
        (
            {"valueFrom": {"A": POD_IP | {"secretKeyRefs": {}}}},
            'valueFrom.A.secretKeyRefs: unknown key; did you mean "secretKeyRef"?',
        ),
        (
            {"valueFrom": {"fieldRef": {"secretKeyRef": {"name": "a", "keys": "b", "key": "c"}}}},
            'valueFrom.fieldRef.secretKeyRef.keys: unknown key; did you mean "key"?',
        ),
        (
            {"valueFrom": {"A": {"fieldRef": {"fieldPath": "spec.containers"}}}},
            'valueFrom.A.fieldRef.fieldPath: "spec.containers": must be metadata.name, .namespace',
        ),
        (
            {"environment": {"A": "x"}, "valueFrom": {"A": POD_IP}},
            'valueFrom.A: "A": must be in one of environment, valueFrom, config',
        ),
        (
            {"generatedSecrets": ["A"], "valueFrom": {"A": POD_IP}},
            'generatedSecrets[0]: "A": must be in one of environment, valueFrom, config',
        ),
        (
            {"sidecars": [SIDECAR | {"environment": {"A": "x"}, "valueFrom": {"A": POD_IP}}]},
            'sidecars[0].valueFrom.A: "A": must be in one of environment and valueFrom, once',
        ),
    ],
)
def test_mistakes(settings: dict[str, Any], line: str) -> None:
    (found,) = mistakes(changed("apps", [APP | settings]))
    assert found.startswith(f"apps[0].{line}")


def test_a_mistake_within_settings_that_are_wrong_is_told_too() -> None:
    def keys(app: dict[str, Any]) -> list[str]:
        lines = mistakes(changed("apps", [APP | app]))
        return [line.partition(": ")[0].removeprefix("apps[0].") for line in lines]

    assert keys({"valueFrom": {"A": {}}, "replicas": "x"}) == ["valueFrom.A", "replicas"]
    wrong = {"A": {}, "B": {"x": 1} | POD_IP}
    assert keys({"valueFrom": wrong}) == ["valueFrom.A", "valueFrom.B.x"]


@pytest.mark.parametrize(
    "path", ["metadata.labels['app.kubernetes.io/name']", "metadata.uid", "status.hostIPs"]
)
def test_fields_that_kubernetes_takes(path: str) -> None:
    load(changed("apps", [APP | {"valueFrom": {"A": {"fieldRef": {"fieldPath": path}}}}]))


def expansion_problems(app: dict[str, Any]) -> list[str]:
    return list(warnings(load(changed("apps", [APP | app]))))


def test_values_can_refer_to_them() -> None:
    url = {"environment": {"URL": "http://$(POD_IP)/"}}
    assert expansion_problems({"valueFrom": {"POD_IP": POD_IP}, **url}) == []
    sidecar = SIDECAR | url
    assert expansion_problems({"sidecars": [sidecar | {"valueFrom": {"POD_IP": POD_IP}}]}) == []
    assert len(expansion_problems({"valueFrom": {"POD_IP": POD_IP}, "sidecars": [sidecar]})) == 1
    (line,) = expansion_problems({"valueFrom": {"POD_IP": POD_IP}, "config": url})
    assert "move URL to environment" in line


APP_CONFIG: dict[str, Any] = {
    "environment": {"URL": "http://$(POD_IP)/", "COLOR": "red"},
    "valueFrom": {"POD_IP": POD_IP},
    "config": {"environment": {"WORKERS": 2}, "files": {"/etc/app.conf": "x"}},
    "secrets": {"environment": {"TOKEN": "hidden"}, "files": {"/etc/token": "hidden"}},
    "generatedSecrets": ["KEY"],
    "database": {},
}


def inherited(container: dict[str, Any], key: str = "sidecars") -> dict[str, Any]:
    """The container beside the application, with its configuration."""
    spec = declared_pod(**APP_CONFIG, **{key: [SIDECAR | container]})
    (found,) = spec["initContainers"]
    return dict(found)


def names(container: dict[str, Any]) -> list[str]:
    return [each["name"] for each in container.get("env", ())]


@pytest.mark.parametrize("key", ["sidecars", "initContainers"])
def test_a_container_beside_it_inherits_what_it_names(key: str) -> None:
    assert not {"env", "envFrom"} & inherited({}, key).keys()
    assert names(inherited({"inherits": ["environment"]}, key)) == ["POD_IP", "URL", "COLOR"]

    config = inherited({"inherits": ["config"]}, key)
    assert [*config["envFrom"][0]] == ["configMapRef"]
    assert [mount["mountPath"] for mount in config["volumeMounts"]] == ["/tmp", "/etc/app.conf"]

    secrets = inherited({"inherits": ["secrets"]}, key)
    assert names(secrets) == ["KEY", "DATABASE_URL"]
    assert [*secrets["envFrom"][0]] == ["secretRef"]
    assert [mount["mountPath"] for mount in secrets["volumeMounts"]] == ["/tmp", "/etc/token"]


def test_it_has_all_that_the_application_has() -> None:
    everything = ["environment", "config", "secrets"]
    spec = declared_pod(**APP_CONFIG, sidecars=[SIDECAR | {"inherits": everything}])
    (application,), (beside,) = spec["containers"], spec["initContainers"]
    for key in ("env", "envFrom"):
        assert beside[key] == application[key]
    assert beside["volumeMounts"][1:] == application["volumeMounts"][1:]


def test_its_own_variables_take_precedence() -> None:
    own = {"environment": {"COLOR": "blue", "KEY": "own"}, "inherits": ["environment", "secrets"]}
    found = inherited(own)
    assert names(found) == ["DATABASE_URL", "POD_IP", "URL", "COLOR", "KEY"]
    assert found["env"][-2]["value"] == "blue"


def test_inherited_files_and_its_own_folders() -> None:
    sidecar = SIDECAR | {"inherits": ["config"], "security": {"writablePaths": ["/etc/app.conf"]}}
    files = {"config": {"files": {"/etc/app.conf": "x"}}}
    (line,) = mistakes(changed("apps", [APP | files | {"sidecars": [sidecar]}]))
    assert line == 'apps[0].sidecars[0].inherits: "/etc/app.conf": must be mounted once'


def test_what_it_inherits_decides_which_references_are_expanded() -> None:
    app = {
        "generatedSecrets": ["KEY"],
        "environment": {"URL": "http://$(KEY)/"},
        "sidecars": [SIDECAR | {"inherits": ["environment"]}],
    }
    (line,) = expansion_problems(app)
    assert line.startswith(
        "apps[0].sidecars[0].inherits: URL: $(KEY) is not expanded: the container"
    )
    app["sidecars"] = [SIDECAR | {"inherits": ["environment", "secrets"]}]
    assert expansion_problems(app) == []
