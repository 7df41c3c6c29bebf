"""Updates end with their rollouts, whatever the Kubernetes plugin has seen of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.paths import write_private
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.stack import APP, TUTORIAL, Stack, copy_project

pytestmark = pytest.mark.integration

NAMES = [f"web-{number}" for number in range(4)]
"""Several in one namespace: the plugin, which has seen one, then knows the others of before."""
PODS = 3
LIMIT = 20
"""Seconds of a rollout: what is well takes less, also on a busy machine."""
NO_IMAGE = "registry.invalid/web:1"


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = copy_project(tmp_path_factory.mktemp("rollouts") / "project")
    stack = Stack("rollouts", folder, sandbox.environment)
    rollout = {"progressDeadlineSeconds": LIMIT, "timeoutSeconds": LIMIT}
    apps = [
        {**APP, "name": name, "path": f"/{name}", "replicas": PODS, "rollout": rollout}
        for name in NAMES
    ]
    stack.configure({**TUTORIAL, "apps": apps})
    stack("stack", "init")
    stack.up()
    yield stack
    stack("destroy", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def kube(stack: Stack, tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Kube:
    file: Path = tmp_path_factory.mktemp("rollouts") / "kubeconfig"
    write_private(file, stack.outputs(secrets=True)["kubeconfig"])
    return Kube(file, sandbox.environment)


def test_what_can_not_be_rolled_out_is_told_of_each_application(stack: Stack, kube: Kube) -> None:
    """Again and again, until it is mended; nobody is without pods meanwhile."""
    before = stack.file.read_text()
    for number in range(len(NAMES)):
        stack.set(f"apps[{number}].image", NO_IMAGE)
    for _ in range(2):
        failed = stack.run("up", "--yes", "--skip-preview")
        assert failed.returncode != 0
        told = failed.stdout.partition("Diagnostics:")[2]
        for name in NAMES:
            gate = f"application {name}: after {LIMIT} s, "
            assert f'"test/{name}" failed' in told or gate in told
        assert "ErrImagePull" in told
        for name in NAMES:
            status = kube.get("deployment", name, "test")["status"]
            assert status["availableReplicas"] == PODS

    stack.file.write_text(before)
    stack.up()
    for name in NAMES:
        status = kube.get("deployment", name, "test")["status"]
        assert status["updatedReplicas"] == status["replicas"] == PODS
    stack("preview", "--expect-no-changes")


def test_an_update_that_is_done_has_its_pods(stack: Stack, kube: Kube) -> None:
    for number in range(len(NAMES)):
        stack.set(f"apps[{number}].environment.COLOUR", "green")
        stack.set(f"apps[{number}].replicas", str(PODS + 1))
    stack.up()
    for name in NAMES:
        status = kube.get("deployment", name, "test")["status"]
        assert status["updatedReplicas"] == status["availableReplicas"] == PODS + 1
        assert status["replicas"] == PODS + 1
