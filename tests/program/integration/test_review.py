"""Review stacks beside another stack, on its cluster: made, updated, removed, swept."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.paths import ROOT, write_private
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import (
    APP,
    CLUSTER,
    COMMAND_SECONDS,
    NODEPOOL,
    TUTORIAL,
    Stack,
    Step,
    copy_project,
)
from tools import review

pytestmark = pytest.mark.integration

ONE_NODE = {**CLUSTER, "nodepools": [{**NODEPOOL, "size": 1}]}
QUOTA = {"name": "test", "quota": {"pods": 7}}
DEV_APP = {**APP, "replicas": 1}
DEV = {**TUTORIAL, "cluster": ONE_NODE, "namespaces": [QUOTA], "apps": [DEV_APP]}
TOKEN = "apps[0].secrets.environment.TOKEN"

TOOL = """
import sys
from pathlib import Path
from tools import review
*arguments, folder = sys.argv[1:]
sys.exit(review.main(arguments, Path(folder)))
"""

Review = Callable[..., int]


@pytest.fixture
def dev(sandbox: Sandbox, tmp_path: Path) -> Stack:
    """The stack whose cluster the review stacks are on, with a secret in its file."""
    stack = Stack("dev", copy_project(tmp_path), sandbox.environment)
    stack.configure(DEV)
    stack("config", "set", "--secret", "--path", TOKEN, "hidden")
    stack.up()
    return stack


@pytest.fixture
def run(dev: Stack, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Review:
    """The tool, as `make` runs it in the sandbox."""
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: review.main([*arguments, "--from=dev"], dev.folder)


def test_the_life_of_review_stacks(
    dev: Stack,
    run: Review,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "kubeconfig"
    write_private(file, dev.outputs(secrets=True)["kubeconfig"])
    kube = Kube(file, sandbox.environment)
    before = objects(kube)
    first = Stack("pr-12", dev.folder, sandbox.environment)

    out = tmp_path / "urls.md"
    assert run("up", "--pr=12", "--image=example/web:2", f"--out={out}") == 0
    address = dev.outputs()["load_balancer_address"]
    url = f"http://{address}/pr-12/rickroller/"
    told = capfd.readouterr()
    assert told.out.splitlines()[-1].split() == ["rickroller", url]
    assert "hidden" not in told.out + told.err
    assert out.read_text() == f"- rickroller: {url}\n"
    assert served(kube, "pr-12") == ("example/web:2", "/pr-12/rickroller", "nginx")
    assert secret(kube, "pr-12") == "hidden"
    assert "hidden" not in first.file.read_text()
    (quota,) = kube.list("resourcequotas", "pr-12")
    assert quota["spec"]["hard"] == {"pods": "7"}
    assert kube.names("networkpolicies", "pr-12") == {"rickroller"}
    first("preview", "--expect-no-changes")
    assert "client-key-data" not in first("stack", "export")

    assert run("up", "--pr=15") == 0
    assert served(kube, "pr-15")[0] == APP["image"]
    assert objects(kube) == before

    # pushed, while dev changed: from a checkout that has no file of it
    first.file.unlink()
    dev.set("apps[0].environment.COLOUR", "green")
    uid = kube.get("deployment", "rickroller", "pr-12")["metadata"]["uid"]
    assert run("up", "--pr=12", "--image=example/web:3") == 0
    updated = kube.get("deployment", "rickroller", "pr-12")
    assert updated["metadata"]["uid"] == uid
    (container,) = updated["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "example/web:3"
    assert {"name": "COLOUR", "value": "green"} in container["env"]
    dev("config", "rm", "--path", "apps[0].environment.COLOUR")

    # a kubeconfig that is new replaces nothing
    dev("up", "--yes", "--skip-preview", "--target-replace", "**SksKubeconfig::cluster")
    assert first.preview() == [Step("update", "pulumi:providers:kubernetes", "cluster")]

    interrupted_up(dev, kube, "16")

    # forgotten until its kubeconfig has run out, and the files are nowhere
    run_out(Stack("pr-15", dev.folder, sandbox.environment), file)
    for number in (15, 16):
        (dev.folder / f"Pulumi.pr-{number}.yaml").unlink()
    assert run("sweep", "--open=12") == 0
    assert {each for each in kube.names("namespaces") if each.startswith("pr-")} == {"pr-12"}
    capfd.readouterr()
    assert run("down", "--pr=15") == 0
    assert capfd.readouterr().out == "pr-15 does not exist\n"
    dev("preview", "--expect-no-changes")
    assert objects(kube) == before

    dev("destroy", "--yes", "--skip-preview")
    assert run("sweep", "--open=none") == 1
    told = capfd.readouterr()
    assert 'existingCluster.stack: "organization/webapp/dev": must be a stack that is' in told.out
    assert told.err.splitlines()[-1] == "review: not deleted: pr-12"
    monkeypatch.setenv(review.CLUSTER_IS_GONE, "true")
    assert run("sweep", "--open=none") == 0
    assert [each.name for each in dev.folder.glob("Pulumi.pr-*")] == []


def interrupted_up(dev: Stack, kube: Kube, number: str) -> None:
    """A first `up` that Ctrl-C ends once the namespace is there."""
    arguments = ["up", f"--pr={number}", "--from=dev"]
    process = subprocess.Popen(
        [sys.executable, "-c", TOOL, *arguments, str(dev.folder)],
        cwd=ROOT,
        env=dev.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    eventually(lambda: f"pr-{number}" in kube.names("namespaces"))
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == 1, said
    assert "failed, see above" in said


def run_out(stack: Stack, kubeconfig: Path) -> None:
    """Have the stack's state hold a kubeconfig that lets nobody in."""
    (certificate,) = re.findall(r"client-certificate-data: (\S+)", kubeconfig.read_text())
    exported = stack("stack", "export", "--show-secrets")
    assert certificate in exported
    state = kubeconfig.with_name("state.json")
    write_private(state, exported.replace(certificate, ""))
    stack("stack", "import", "--file", str(state))
    refused = stack.run("refresh", "--yes", "--skip-preview")
    assert "unreachable" in refused.stdout
    assert refused.returncode != 0


def served(kube: Kube, namespace: str) -> tuple[str, str, str]:
    """The image that runs there, and the path and the class of the Ingress."""
    deployment = kube.get("deployment", "rickroller", namespace)
    assert deployment["status"]["readyReplicas"] == 1
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (ingress,) = kube.list("ingresses", namespace)
    (path,) = ingress["spec"]["rules"][0]["http"]["paths"]
    return container["image"], path["path"].partition("(")[0], ingress["spec"]["ingressClassName"]


def secret(kube: Kube, namespace: str) -> str:
    """The value of TOKEN that pods there get."""
    (found,) = [each["data"] for each in kube.list("secrets", namespace) if "TOKEN" in each["data"]]
    return base64.b64decode(found["TOKEN"]).decode()


def objects(kube: Kube) -> list[tuple[Any, ...]]:
    """What the other stack has on the cluster, each with its identity and its revision."""
    kinds = ("deployments", "services", "ingresses", "secrets", "networkpolicies", "resourcequotas")
    found = [each for kind in kinds for each in kube.list(kind, "test")]
    found += kube.list("ingressclasses")
    return sorted(
        (each["kind"], each["metadata"]["name"], each["metadata"]["uid"], str(each.get("spec")))
        for each in found
    )
