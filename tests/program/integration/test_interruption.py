"""An `up` that is interrupted, and a cluster that is removed behind Pulumi's back.

On one stack, in the order of the tests.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.paths import ROOT, write_private
from tests.support.account import Sandbox
from tests.support.documents import commands_under
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import COMMAND_SECONDS, TUTORIAL, Stack, copy_project

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The tutorial's stack, of which nothing is there yet."""
    stack = Stack("interrupted", copy_project(tmp_path_factory.mktemp("p")), sandbox.environment)
    stack.configure(TUTORIAL)
    stack("stack", "init")
    before = sandbox.holds()
    yield stack
    assert stack.resources() == []
    assert sandbox.holds() == before


def cluster(stack: Stack) -> str:
    (identity,) = (
        str(resource["id"])
        for resource in stack.resources()
        if resource["type"] == "exoscale:index/sksCluster:SksCluster"
    )
    return identity


def test_ctrl_c_while_the_chart_is_installed(
    stack: Stack, sandbox: Sandbox, tmp_path: Path
) -> None:
    before = {item["id"] for item in sandbox.client.list_sks_clusters()["sks-clusters"]}
    process = stack.start("up", "--yes", "--skip-preview")

    def running() -> str:
        found = sandbox.client.list_sks_clusters()["sks-clusters"]
        new = [item["id"] for item in found if item["id"] not in before]
        return next((each for each in new if _is_running(sandbox, each)), "")

    file = tmp_path / "kubeconfig"
    write_private(file, sandbox.kubeconfig(eventually(running)))
    kube = Kube(file, sandbox.environment)
    eventually(lambda: kube.releases("ingress-nginx", "ingress-nginx"))
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode != 0, said

    stack.up()
    *_, (_, state) = kube.releases("ingress-nginx", "ingress-nginx")
    assert state == "deployed"
    assert kube.get("deployment", "rickroller", "test")["status"]["readyReplicas"] == 3
    stack("preview", "--expect-no-changes")
    for _ in range(3):  # what one takes into the state, the next does not show again
        stack("refresh", "--yes", "--expect-no-changes")


def _is_running(sandbox: Sandbox, cluster: str) -> bool:
    return bool(sandbox.client.get_sks_cluster(id=cluster)["state"] == "running")


def test_a_stack_whose_cluster_is_gone_is_destroyed_as_documented(
    stack: Stack, sandbox: Sandbox
) -> None:
    address = stack.outputs()["load_balancer_address"]
    for balancer in sandbox.client.list_load_balancers()["load-balancers"]:
        if balancer["ip"] == address:  # nodes behind a load balancer can't be deleted
            sandbox.client.delete_load_balancer(id=balancer["id"])
    sandbox.delete_cluster(cluster(stack))
    refused = stack.run("destroy", "--yes", "--skip-preview", "--refresh")
    assert refused.returncode != 0
    assert "PULUMI_K8S_DELETE_UNREACHABLE" in refused.stdout + refused.stderr
    commands = commands_under(ROOT / "docs" / "troubleshooting.md", "Deleted cluster")
    answer = subprocess.run(
        ["bash", "-ec", commands.replace("--stack dev", f"--stack {stack.name}")],
        cwd=stack.folder,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
