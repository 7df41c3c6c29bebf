"""What a Helm release is asked to be, what changes, and what helm is told."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.plugins.kubernetes import helm_commands as commands
from sandbox.plugins.kubernetes.helm_diff import diff_release
from sandbox.plugins.kubernetes.helm_inputs import complete, failures
from sandbox.plugins.kubernetes.helm_outputs import Release, objects_of, outputs, previewed
from sandbox.plugins.kubernetes.helm_program import redact, secret_strings
from sandbox.plugins.wire import UNKNOWN, Secret, encode, reveal

URN = "urn:pulumi:dev::app::kubernetes:helm.sh/v3:Release::web"

MANIFEST = """
---
# Source: web/templates/all.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {since: 2026-01-01}}
---
apiVersion: v1
kind: Secret
metadata: {name: web, namespace: test}
data: {password: c2VzYW1l}
---
# nothing
"""


def completed(**news: Any) -> dict[str, Any]:
    return complete(URN, {}, {"chart": "./web", **news}, "default")


def release(**values: Any) -> Release:
    return Release(
        name="web",
        namespace="test",
        revision=2,
        status="deployed",
        chart="web",
        version="1.0.0",
        app_version="7",
        values=values,
        manifest=MANIFEST,
    )


def test_a_release_gets_a_name_a_namespace_and_defaults() -> None:
    inputs = completed(compat="true")
    assert inputs["name"].startswith("web-")
    assert len(inputs["name"]) == len("web-") + 8
    assert inputs["namespace"] == "default"
    assert inputs["timeout"] == 300
    assert inputs["atomic"] is False
    assert "compat" not in inputs
    assert complete(URN, inputs, {"chart": "./web"}, "default")["name"] == inputs["name"]
    assert completed(skipAwait=True)["timeout"] == 0


def test_all_that_is_wrong_is_named_at_once() -> None:
    inputs = completed(atomic="yes", timeout=-1, colour="red", repositoryOpts={"url": "x"})
    inputs |= {"chart": "", "valueYamlFiles": ["x"], "values": Secret("x")}
    found = dict(failures(inputs))
    assert found == {
        "atomic": "atomic must be true or false, not 'yes'",
        "timeout": "timeout must be a whole number, 0 or more, not -1",
        "colour": "colour is not a property of a Helm release",
        "repositoryOpts.url": "repositoryOpts.url is not a property of a Helm release",
        "chart": "chart is required",
        "values": "values must be an object, not the secret given",
        "valueYamlFiles": "valueYamlFiles is not supported by the sandbox: "
        "give the values themselves, as values",
    }
    assert failures(completed(values=UNKNOWN, version=UNKNOWN, atomic=Secret(True))) == []


def test_values_never_reach_a_command_line() -> None:
    inputs = completed(values={"password": Secret("sesame")}, description="first")
    plain = reveal(inputs)
    for command in (
        commands.install(plain, ["./web"], None),
        commands.upgrade(plain, ["./web"], None),
        commands.template(plain, ["./web"], validate=True),
    ):
        assert not any("sesame" in argument for argument in command)
        assert command[command.index("--values") + 1] == "-"
    assert commands.values(plain) == '{"password": "sesame"}'


def test_each_option_becomes_helms_own() -> None:
    plain = completed(atomic=True, waitForJobs=True, createNamespace=True, maxHistory=5)
    plain |= {"name": "web", "namespace": "test", "cleanupOnFail": True}
    install = commands.install(plain, ["./web", "--version", "1"], 60.0)
    assert install[:7] == ["install", "web", "./web", "--version", "1", "--namespace", "test"]
    flags = {"--atomic", "--wait", "--wait-for-jobs", "--create-namespace"}
    assert flags < set(install)
    assert install[install.index("--timeout") + 1] == "60.0s"
    upgrade = commands.upgrade(plain, ["./web"], None)
    assert upgrade[-2:] == ["--history-max", "5"]
    assert "--cleanup-on-fail" in upgrade
    assert "--create-namespace" not in upgrade
    assert "--wait" not in commands.install(plain | {"skipAwait": True}, ["./web"], None)
    preview = commands.install(plain, ["./web"], None, preview=True)
    assert "--dry-run=server" in preview
    assert "--wait" not in preview
    assert "--wait" in commands.uninstall(plain, None)


def test_changes_are_named_by_path() -> None:
    old: dict[str, Any] = {
        "version": "1.0.0",
        "name": "web",
        "values": {"a": 1, "b": {"c.d": 1}, "list": [1]},
    }
    state = {**old, "values": {**old["values"], "left": "from the chart's past"}}
    assert diff_release(old, state, old) == {}
    new = {
        "version": "1.0.1",
        "name": "web2",
        "values": {"b": {"c.d": 2}, "list": [1, 2], "e": None, "f": UNKNOWN},
    }
    assert diff_release(old, state, new) == {
        "version": "update",
        "name": "update",
        'values.b["c.d"]': "update",
        "values.list[1]": "add",
        "values.e": "add",
        "values.f": "add",
        "values.a": "delete",
    }


def test_a_drift_that_a_refresh_found_is_a_change() -> None:
    inputs = {"values": {"replicas": 2}}
    assert diff_release(inputs, {"values": {"replicas": 5}}, inputs) == {
        "values.replicas": "update"
    }


def test_null_takes_away_what_the_chart_has() -> None:
    cleared: dict[str, Any] = {"values": {"tag": None}}
    assert diff_release(cleared, cleared, cleared) == {}
    assert diff_release({"values": {"tag": "1"}}, {"values": {"tag": "1"}}, cleared) == {
        "values.tag": "update"
    }


def test_outputs_have_the_official_shape() -> None:
    inputs = completed(values={"replicas": 2})
    found = outputs(inputs, release(replicas=2, more={"x": 1}))
    assert found["status"] == {
        "appVersion": "7",
        "chart": "web",
        "name": "web",
        "namespace": "test",
        "revision": 2,
        "status": "deployed",
        "version": "1.0.0",
    }
    assert found["resourceNames"] == {"Deployment.apps/apps/v1": ["web"], "Secret/v1": ["test/web"]}
    assert found["values"] == {"replicas": 2, "more": {"x": 1}}
    assert found["version"] == "1.0.0"
    assert found["__inputs"] == Secret(inputs)
    encode(found)
    assert previewed(inputs)["status"] is UNKNOWN


def test_secret_values_make_secret_outputs() -> None:
    inputs = completed(values={"user": "me", "password": Secret("sesame")})
    found = outputs(inputs, release(user="me", password="sesame"))
    assert found["values"] == {"user": "me", "password": Secret("sesame")}
    assert isinstance(found["manifest"], Secret)
    assert "sesame" not in repr(found)


def test_a_manifest_shows_no_data_of_secrets() -> None:
    objects, _ = objects_of(MANIFEST)
    assert objects.keys() == {"deployment.apps/apps/v1/web", "test/secret/v1/web"}
    assert "c2VzYW1l" not in repr(objects)
    assert "sensitive value" in objects["test/secret/v1/web"]["data"]["password"]


@pytest.mark.parametrize("text", ["bad value sesame", "bad value c2VzYW1l", "port 8081"])
def test_an_error_shows_no_secret(text: str) -> None:
    secrets = secret_strings({"a": [Secret({"b": "sesame", "c": True})], "d": Secret(8081), "e": 1})
    assert secrets == {"sesame", "8081"}
    assert redact(text, secrets).endswith("[secret]")
