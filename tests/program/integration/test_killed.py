"""Runs of Pulumi that are killed (SIGKILL) in the middle of a change, and what `make` does next.

On one stack, in the order of the tests.
"""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.paths import ROOT, write_private
from tests.program.integration.cluster_stack import create_stack
from tests.program.integration.state_stack import kill_all, no_room
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import CLUSTER, COMMAND_SECONDS, TUTORIAL, Stack, copy_project

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CLUSTER_TYPE = "exoscale:index/sksCluster:SksCluster"
FIRST, SECOND = "derlin/rickroller:1.0.0", "derlin/rickroller:2.0.0"
REFRESHED, LEFTOVERS = (
    f"""
import sys
from pathlib import Path
from tools.{tool} import main
sys.exit(main(sys.argv[2:], Path(sys.argv[1])))
"""
    for tool in ("refreshed", "leftovers")
)


def with_image(image: str) -> dict[str, Any]:
    settings = copy.deepcopy(TUTORIAL)
    settings["apps"][0]["image"] = image
    return settings


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack("killed", copy_project(tmp_path_factory.mktemp("p")), sandbox.environment)
    stack.configure(with_image(FIRST))
    stack("stack", "init")
    before = set(sandbox.processes())
    stack.up()
    yield stack
    stack("destroy", "--yes", "--skip-preview", "--refresh")
    kill_all(set(sandbox.processes()) - before)  # language hosts of those that were killed


@pytest.fixture(scope="module")
def kube(stack: Stack, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Kube:
    file = tmp_path_factory.mktemp("killed") / "kubeconfig"
    write_private(file, stack.outputs(secrets=True)["kubeconfig"])
    return Kube(file, sandbox.environment)


def killed(stack: Stack, done: Callable[[], bool], *command: str) -> None:
    """Kill a command as soon as `done` is true, Pulumi alone; take its lock away."""
    process = stack.start(*command, "--yes", "--skip-preview")

    def reached() -> bool:
        assert process.poll() is None, process.communicate()[0]
        return done()

    try:
        eventually(reached)
    finally:
        process.kill()
        process.communicate()
    stack("cancel", "--yes")


def as_make_does(stack: Stack, *command: str) -> str:
    """Run what `make` runs in place of pulumi; return what it prints."""
    return run(REFRESHED, stack, *command)


def run(tool: str, stack: Stack, *arguments: str) -> str:
    """Run a tool that has to succeed on the stack; return what it prints."""
    answer = subprocess.run(
        [sys.executable, "-c", tool, str(stack.folder), *arguments, "--stack", stack.name],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def image(kube: Kube) -> str:
    deployment = kube.get("deployment", "rickroller", "test")
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


def test_after_an_update_that_was_killed_the_former_settings_come_back(
    stack: Stack, kube: Kube
) -> None:
    stack.configure(with_image(SECOND))
    with no_room(kube):
        killed(stack, lambda: image(kube) == SECOND, "up")
    stack.configure(with_image(FIRST))
    assert stack.preview() == []  # by Pulumi alone, nothing has changed

    shown = as_make_does(stack, "preview", "--diff")
    assert f'"{SECOND}" => "{FIRST}"' in shown
    told = as_make_does(stack, "up", "--yes", "--skip-preview")
    assert "killed: the state is refreshed first" in told
    assert "  Deployment rickroller.test: updating\n" in told
    assert image(kube) == FIRST
    assert "refreshed first" not in as_make_does(stack, "preview", "--expect-no-changes")


def test_a_migration_that_goes_on_after_the_kill_does_not_run_beside_its_second(
    stack: Stack, kube: Kube
) -> None:
    def jobs() -> set[str]:
        return kube.names("jobs", "test")

    settings = with_image(FIRST)
    settings["apps"][0]["beforeRollout"] = {"command": ["migrate"]}
    stack.configure(settings)
    with no_room(kube) as make_room:
        killed(stack, lambda: bool(jobs()), "up")
        (first,) = jobs()
        process = stack.start("up", "--yes", "--skip-preview")
        told: list[str] = []

        def waits() -> bool:
            assert process.poll() is None
            assert process.stdout
            told.append(process.stdout.readline())
            return f"an earlier Job still runs: {first}" in told[-1]

        eventually(waits)
        assert jobs() == {first}
        make_room()
        said, _ = process.communicate(timeout=COMMAND_SECONDS)
        assert process.returncode == 0, "".join(told) + said
    assert stack.preview() == []
    (command,) = (left for left in run(LEFTOVERS, stack).splitlines() if "kubectl" in left)
    assert command.split("#")[0].split() == f"kubectl --namespace test delete job {first}".split()
    kube.run(*command.split("#")[0].split())
    assert len(jobs()) == 1
    assert "killed runs have left nothing" in run(LEFTOVERS, stack)


def test_a_cluster_that_a_killed_creation_left_is_named_by_the_next_preview(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    stack = create_stack("left", tmp_path / "left", sandbox, CLUSTER)

    def left() -> list[str]:
        listed = sandbox.client.list_sks_clusters()["sks-clusters"]
        return [each["id"] for each in listed if each["name"].startswith("webapp-left-")]

    before = set(sandbox.processes())
    killed(stack, lambda: bool(left()), "up")
    assert CLUSTER_TYPE not in {each["type"] for each in stack.resources()}
    (identity,) = left()
    command = f"exo compute sks delete {identity} --zone ch-gva-2 --nodepools   # webapp-left-"
    assert command in stack("preview")
    assert command in run(LEFTOVERS, stack)
    eventually(lambda: sandbox.client.get_sks_cluster(id=identity)["state"] == "running")
    sandbox.delete_cluster(identity)
    assert "exo compute" not in stack("preview")
    stack("destroy", "--yes", "--skip-preview")
    kill_all(set(sandbox.processes()) - before)


def test_a_release_that_helm_uninstalled_after_the_kill_is_no_hindrance(
    stack: Stack, kube: Kube
) -> None:
    def uninstalls() -> bool:
        return kube.releases("ingress-nginx", "ingress-nginx") == [(1, "uninstalling")]

    killed(stack, uninstalls, "destroy")
    eventually(lambda: kube.releases("ingress-nginx", "ingress-nginx") == [])
    told = as_make_does(stack, "destroy", "--yes", "--skip-preview")
    assert "  Release ingress-nginx: deleting\n" in told
    assert stack.resources() == []
