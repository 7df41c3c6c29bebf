"""Helm releases on a real API server, by the real helm program."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kubernetes import config
from kubernetes.dynamic import DynamicClient

from sandbox.paths import TOOLS_BIN
from sandbox.plugins.kubernetes.helm_program import HelmError
from sandbox.plugins.kubernetes.helm_release import HelmReleases
from sandbox.plugins.kubernetes.helm_store import OWNER_LABEL, owner
from sandbox.plugins.rpc import Engine, InitializationError, ProviderError
from sandbox.plugins.wire import UNKNOWN, Secret
from tests.integration.polling import eventually

pytestmark = pytest.mark.integration

URN = "urn:pulumi:dev::app::kubernetes:helm.sh/v3:Release::hello"

TEMPLATE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      nodeSelector: {{ .Values.nodeSelector | toJson }}
      containers: [{name: web, image: example.com/web:1}]
---
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}}
stringData: {password: {{ required "a password is required" .Values.password | quote }}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-hook
  annotations: {helm.sh/hook: pre-install}
"""
NO_NODE = {"no": "such-node"}


class Messages(Engine):
    """The engine's side: keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, urn: str, message: str) -> None:
        self.lines.append(message)

    warning = status = info


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chart = tmp_path_factory.mktemp("charts") / "hello"
    (chart / "templates").mkdir(parents=True)
    (chart / "templates" / "all.yaml").write_text(TEMPLATE)
    (chart / "values.yaml").write_text("replicas: 1\nnodeSelector: {}\npassword: null\n")
    metadata = "apiVersion: v2\nname: hello\nversion: 0.1.0\nappVersion: '1.2'\n"
    (chart / "Chart.yaml").write_text(metadata)
    return chart


class Case:
    """One release's inputs, and the operations on it."""

    def __init__(self, kubeconfig: Path, chart: Path) -> None:
        self.namespace = f"helm-{uuid4().hex[:8]}"
        self.cancelled = threading.Event()
        self.engine = Messages()
        self.kubeconfig = kubeconfig
        text = kubeconfig.read_text()
        make = partial(HelmReleases, text, None, self.namespace, self.engine, self.cancelled)
        self.releases = make()
        self.unreachable = make(unreachable="no such host")
        self.chart = str(chart)

    def inputs(self, **news: Any) -> dict[str, Any]:
        values = {"password": Secret("open-sesame"), **news.pop("values", {})}
        given = {"chart": self.chart, "name": "hello", "createNamespace": True, "timeout": 60}
        inputs, failures = self.releases.check(URN, {}, given | news | {"values": values})
        assert failures == []
        return inputs

    def create(self, inputs: dict[str, Any], preview: bool = False) -> dict[str, Any]:
        return self.releases.create(URN, inputs, None, preview)[1]

    def update(
        self, outputs: dict[str, Any], inputs: dict[str, Any], preview: bool = False
    ) -> dict[str, Any]:
        return self.releases.update(URN, "", outputs, {}, inputs, None, preview)

    def helm(self, *arguments: str) -> subprocess.Popen[bytes]:
        kubeconfig = ("--kubeconfig", str(self.kubeconfig), "--namespace", self.namespace)
        output = subprocess.DEVNULL
        return subprocess.Popen(["helm", *arguments, *kubeconfig], stdout=output, stderr=output)


@pytest.fixture
def case(cluster_kubeconfig: Path, chart: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    monkeypatch.setenv("PATH", f"{TOOLS_BIN}{os.pathsep}{os.environ['PATH']}")
    case = Case(cluster_kubeconfig, chart)
    yield case
    case.cancelled.clear()
    case.releases.delete(URN, "", {"name": "hello", "namespace": case.namespace}, None)
    client = DynamicClient(config.new_client_from_config(str(cluster_kubeconfig)))
    resource = client.resources.get(api_version="v1", kind="Namespace")
    if resource.get(field_selector=f"metadata.name={case.namespace}").items:
        resource.delete(name=case.namespace)


def test_a_release_through_its_life(case: Case) -> None:
    inputs = case.inputs(values={"replicas": 2})
    assert inputs["version"] == "0.1.0"
    assert case.create(inputs, preview=True)["status"] is UNKNOWN
    outputs = case.create(inputs)
    assert outputs["status"] == {
        "appVersion": "1.2",
        "chart": "hello",
        "name": "hello",
        "namespace": case.namespace,
        "revision": 1,
        "status": "deployed",
        "version": "0.1.0",
    }
    assert outputs["resourceNames"] == {
        "Deployment.apps/apps/v1": ["hello"],
        "Secret/v1": ["hello"],
    }
    assert "open-sesame" not in repr(outputs)
    assert any("beginning wait" in line for line in case.engine.lines)
    assert case.releases.diff(URN, "", inputs, outputs, inputs) == ({}, [], False)
    assert case.releases.read(URN, "x", inputs, outputs) == ("x", inputs, outputs)

    news = case.inputs(values={"replicas": 3})
    changes = case.releases.diff(URN, "", inputs, outputs, news)
    assert changes == ({"values.replicas": "update"}, [], False)
    case.update(outputs, news, preview=True)
    with pytest.raises(HelmError, match=r"Deployment hello: .*must be greater than or equal to 0"):
        case.update(outputs, case.inputs(values={"replicas": -1}), preview=True)
    updated = case.update(outputs, news)
    assert updated["status"]["revision"] == 2

    case.releases.delete(URN, "", updated, None)
    assert case.releases.read(URN, "x", news, updated) is None


def test_a_drift_is_found_and_undone(case: Case) -> None:
    inputs = case.inputs(values={"replicas": 2})
    outputs = case.create(inputs)
    changed = case.helm("upgrade", "hello", case.chart, "--reuse-values", "--set", "replicas=4")
    assert changed.wait() == 0
    read = case.releases.read(URN, "x", inputs, outputs)
    assert read is not None
    drifted = read[2]
    assert drifted["values"]["replicas"] == 4
    assert case.releases.diff(URN, "", inputs, drifted, inputs)[0] == {"values.replicas": "update"}
    assert case.update(drifted, inputs)["values"]["replicas"] == 2


def test_an_import_takes_what_is_there(case: Case) -> None:
    case.create(case.inputs(values={"replicas": 2}))
    read = case.releases.read(URN, f"{case.namespace}/hello", {}, {})
    assert read is not None
    _, inputs, outputs = read
    assert inputs["chart"] == "hello"
    assert inputs["values"] == {"replicas": 2, "password": "open-sesame"}
    assert outputs["status"]["status"] == "deployed"
    assert case.releases.read(URN, f"{case.namespace}/other", {}, {}) is None


def test_a_bad_chart_or_value_fails_in_the_preview(case: Case) -> None:
    _, failures = case.releases.check(URN, {}, {"chart": "./no-such-chart"})
    assert failures == [
        (
            "chart",
            'path "./no-such-chart" not found; check the chart name and repository configuration.',
        )
    ]
    bad = case.inputs(values={"password": None})
    for releases in (case.releases, case.unreachable):
        with pytest.raises(HelmError, match="a password is required"):
            releases.create(URN, bad, None, True)
    with pytest.raises(HelmError, match=r"Deployment hello: .*cannot unmarshal string"):
        case.create(case.inputs(values={"replicas": "many"}), preview=True)
    case.unreachable.create(URN, case.inputs(), None, True)
    with pytest.raises(ProviderError, match="unreachable cluster: no such host"):
        case.unreachable.create(URN, case.inputs(), None, False)


def test_a_release_that_fails_is_kept_and_repaired(case: Case) -> None:
    with pytest.raises(InitializationError, match="was created, but failed") as failure:
        case.create(case.inputs(timeout=3, values={"nodeSelector": NO_NODE}))
    outputs = dict(failure.value.properties)
    assert outputs["status"]["status"] == "failed"
    assert any("Deployment is not ready" in line for line in case.engine.lines)
    assert case.update(outputs, case.inputs())["status"]["status"] == "deployed"


def test_an_atomic_release_that_fails_leaves_nothing(case: Case) -> None:
    inputs = case.inputs(timeout=3, atomic=True, values={"nodeSelector": NO_NODE})
    with pytest.raises(HelmError, match="INSTALLATION FAILED"):
        case.create(inputs)
    assert case.releases.read(URN, "x", inputs, inputs) is None


def kill_midway(case: Case, *arguments: str, status: str) -> None:
    process = case.helm(*arguments, case.chart, "--wait", "--set-json", 'nodeSelector={"no":"x"}')
    known = {"name": "hello", "namespace": case.namespace}

    def pending() -> bool:
        read = case.releases.read(URN, "x", known, known)
        return read is not None and read[2]["status"]["status"] == status

    eventually(pending)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_an_installation_killed_midway_is_repaired(case: Case) -> None:
    label = ("--labels", f"{OWNER_LABEL}={owner(URN)}", "--create-namespace")
    kill_midway(case, "install", "hello", "--set=password=x", *label, status="pending-install")
    outputs = case.create(case.inputs())
    assert outputs["status"]["status"] == "deployed"
    assert "removing the release, left in 'pending-install'" in case.engine.lines


def test_anothers_release_is_left_alone(case: Case) -> None:
    arguments = ("install", "hello", "--set=password=x", "--create-namespace")
    kill_midway(case, *arguments, status="pending-install")
    with pytest.raises(HelmError, match="cannot re-use a name that is still in use"):
        case.create(case.inputs())


def test_an_upgrade_killed_midway_is_repaired(case: Case) -> None:
    inputs = case.inputs()
    outputs = case.create(inputs)
    kill_midway(case, "upgrade", "hello", "--reuse-values", status="pending-upgrade")
    assert case.update(outputs, inputs)["status"]["status"] == "deployed"
    assert "repairing the release, left in 'pending-upgrade'" in case.engine.lines


def test_an_interruption_ends_helm(case: Case) -> None:
    threading.Timer(2, case.cancelled.set).start()
    with pytest.raises(InitializationError, match="helm install was interrupted") as failure:
        case.create(case.inputs(values={"nodeSelector": NO_NODE}))
    assert failure.value.properties["status"]["status"] == "failed"


class Guarded(SimpleHTTPRequestHandler):
    """Files for those who know the password."""

    expected = "Basic " + base64.b64encode(b"me:pass-phrase").decode()

    def do_GET(self) -> None:
        if self.headers.get("Authorization") == self.expected:
            super().do_GET()
        else:
            self.send_error(401)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def test_a_chart_from_a_repository_with_a_password(case: Case, tmp_path: Path) -> None:
    handler = partial(Guarded, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    url = f"http://127.0.0.1:{server.server_port}"
    for command in (
        ["package", case.chart, "--version", "0.2.0"],
        ["package", case.chart],
        ["repo", "index", ".", "--url", url],
    ):
        subprocess.run(["helm", *command], cwd=tmp_path, check=True, capture_output=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = {"repo": url, "username": "me", "password": Secret("pass-phrase")}
    try:
        repository = {"chart": "hello", "repositoryOpts": options}
        assert case.inputs(**repository)["version"] == "0.2.0"
        inputs = case.inputs(**repository, version="<0.2")
        assert inputs["version"] == "0.1.0"
        assert case.create(inputs)["status"]["version"] == "0.1.0"
        refused = repository | {"repositoryOpts": options | {"password": Secret("wrong-one")}}
        _, [(_, reason)] = case.releases.check(URN, {}, refused)
        assert "401" in reason
        assert "wrong-one" not in reason
    finally:
        server.shutdown()
        server.server_close()
