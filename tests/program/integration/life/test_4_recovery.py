"""Wrong settings, a stop of the sandbox, an interrupted `up`; two stacks side by side."""

import copy
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.paths import write_private
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import COMMAND_SECONDS, TUTORIAL, Stack

pytestmark = pytest.mark.integration


def wrong_settings() -> dict[str, Any]:
    settings = copy.deepcopy(TUTORIAL)
    settings["cluster"] |= {"zone": "ch-gva-9", "level": "free", "cni": "flannel", "sise": 1}
    settings["cluster"]["nodepools"][0]["size"] = 0
    settings["apps"][0] |= {
        "name": "Rick_Roller",
        "replicas": "three",
        "port": 70000,
        "service": "External",
        "path": "rickroller",
    }
    return settings


WRONG = (
    ("cluster.zone", '"ch-gva-9"', "'ch-gva-2'"),
    ("cluster.level", '"free"', "'starter' or 'pro'"),
    ("cluster.cni", '"flannel"', "'calico', 'cilium' or 'none'"),
    ("cluster.sise", "unknown key", "allowed are"),
    ("cluster.nodepools[0].size", "0", "1 or more"),
    ("apps[0].name", '"Rick_Roller"', "a DNS label"),
    ("apps[0].replicas", '"three"', "a whole number"),
    ("apps[0].port", "70000", "must be a port, 1 to 65535, or none"),
    ("apps[0].service", '"External"', "'ClusterIP', 'NodePort' or 'LoadBalancer'"),
    ("apps[0].path", '"rickroller"', "starts with a slash"),
)
MISSING = (("cluster.version", "is missing", "required"),)
TWICE = (
    ("cluster.nodepools", '"workers"', "each must differ"),
    ("apps", '"rickroller"', "each must differ"),
)


def without_version() -> dict[str, Any]:
    settings = copy.deepcopy(TUTORIAL)
    del settings["cluster"]["version"]
    return settings


def with_twins() -> dict[str, Any]:
    settings = copy.deepcopy(TUTORIAL)
    settings["cluster"]["nodepools"] *= 2
    settings["apps"] *= 2
    return settings


@pytest.mark.parametrize(
    ("settings", "words"),
    [(wrong_settings(), WRONG), (without_version(), MISSING), (with_twins(), TWICE)],
    ids=["wrong", "missing", "twice"],
)
def test_wrong_settings_are_named_and_nothing_is_made(
    settings: dict[str, Any],
    words: tuple[tuple[str, str, str], ...],
    sandbox: Sandbox,
    project: Path,
) -> None:
    stack = Stack("dev", project, sandbox.environment)
    shipped, before = stack.file.read_text(), sandbox.holds()
    stack.configure(settings)
    answer = stack.run("preview")
    stack.file.write_text(shipped)
    text = answer.stdout + answer.stderr
    assert answer.returncode in (1, 255), text
    assert "Traceback" not in text
    lines = text.splitlines()
    for key, value, allowed in words:
        assert any(
            line.strip().startswith(f"{key}: ") and value in line and allowed in line
            for line in lines
        ), (key, text)
    made = {kind: set(things) - set(before[kind]) for kind, things in sandbox.holds().items()}
    assert not any(made.values()), made
    assert stack.resources() == []


def test_everything_is_there_after_down_and_up(stack: Stack, kube: Kube, sandbox: Sandbox) -> None:
    kinds = "nodes,namespaces,deployments,daemonsets,services,ingresses,secrets"

    def identities() -> dict[str, str]:
        return {item["metadata"]["uid"]: item["metadata"]["name"] for item in kube.list(kinds)}

    before, held = identities(), sandbox.holds()
    sandbox.run("down")
    assert sandbox.processes() == {}
    sandbox.run("up")
    assert sandbox.holds() == held
    assert identities() == before
    stack("preview", "--expect-no-changes")
    pods = kube.list("pods", "test")
    assert [pod["status"]["phase"] for pod in pods] == ["Running"] * 3


FORGET_THE_RELEASE = (
    "kubectl --namespace ingress-nginx delete secret --selector owner=helm,name=ingress-nginx"
).split()
"""The way on by docs/troubleshooting.md, where Helm was killed while it installed."""


def processes(sandbox: Sandbox, program: str) -> list[int]:
    return [number for number, command in sandbox.processes().items() if program in command]


@pytest.fixture(scope="module")
def dev(sandbox: Sandbox, project: Path) -> Iterator[Stack]:
    """The stack `dev` with its own settings, but for the path of the chart; removed at the end."""
    stack = Stack("dev", project, sandbox.environment)
    before = sandbox.holds()
    stack.set("ingress.chart", "./sandbox/charts/ingress-nginx")
    yield stack
    stack("cancel", "--yes")
    stack("destroy", "--yes", "--skip-preview")
    assert stack.resources() == []
    assert sandbox.holds() == before


def test_an_interrupted_up_is_finished_by_the_next_beside_another_stack(
    stack: Stack, kube: Kube, dev: Stack, sandbox: Sandbox, tmp_path: Path
) -> None:
    local = sandbox.holds()["sks-clusters"]
    uid = kube.get("namespace", "kube-system")["metadata"]["uid"]

    def clusters() -> dict[str, str]:
        found = sandbox.client.list_sks_clusters()["sks-clusters"]
        return {item["name"]: item["id"] for item in found if item["name"] not in local}

    process = dev.start("up", "--yes", "--skip-preview")
    try:
        running = eventually(
            lambda: {
                name: identity
                for name, identity in clusters().items()
                if sandbox.client.get_sks_cluster(id=identity)["state"] == "running"
            }
        )
        ((name, identity),) = running.items()
        file = tmp_path / "kubeconfig"
        write_private(file, sandbox.kubeconfig(identity))
        other = Kube(file, sandbox.environment)
        eventually(
            lambda: (
                "ingress-nginx" in other.names("namespaces")
                and "sh.helm.release.v1.ingress-nginx.v1" in other.names("secrets", "ingress-nginx")
            )
        )
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate(timeout=COMMAND_SECONDS)
    # What it started looks for its engine every five minutes only.
    for child in processes(sandbox, "pulumi-"):
        os.kill(child, signal.SIGKILL)
    eventually(lambda: not processes(sandbox, "pulumi-"))

    assert "`pulumi cancel`" in dev.run("up", "--yes", "--skip-preview").stderr
    dev("cancel", "--yes")
    assert "cannot re-use a name that is still in use" in dev.run("up", "--yes").stdout
    other.run(*FORGET_THE_RELEASE)
    dev.up()
    dev("preview", "--expect-no-changes")
    dev("refresh", "--yes", "--expect-no-changes")
    assert clusters() == {name: identity}
    assert other.get("deployment", "rickroller", "test")["status"]["readyReplicas"] > 0
    *_, (_, state) = other.releases("ingress-nginx", "ingress-nginx")
    assert state == "deployed"
    (entry,) = other.get("service", "ingress-nginx-controller", "ingress-nginx")["status"][
        "loadBalancer"
    ]["ingress"]
    addresses = [b["ip"] for b in sandbox.client.list_load_balancers()["load-balancers"]]
    assert sorted(addresses).count(entry["ip"]) == 1
    assert len(addresses) == len(set(addresses)) == 2

    assert kube.get("namespace", "kube-system")["metadata"]["uid"] == uid
    assert other.get("namespace", "kube-system")["metadata"]["uid"] != uid
    stack("preview", "--expect-no-changes")
