"""A change of a database in the cluster ends with its rollout, and a failed one can be mended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.paths import write_private
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.stack import APP, CLUSTER, TUTORIAL, Stack, copy_project

pytestmark = pytest.mark.integration

NO_IMAGE = "registry.invalid/postgres:17.12"
LIMIT = 20
"""Seconds of a rollout: what is well takes less, also on a busy machine."""


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = copy_project(tmp_path_factory.mktemp("database") / "project")
    stack = Stack("database", folder, sandbox.environment)
    rollout = {"progressDeadlineSeconds": LIMIT, "timeoutSeconds": LIMIT}
    app = {**APP, "database": {"keepData": False}, "rollout": rollout}
    stack.configure({**TUTORIAL, "cluster": {**CLUSTER, "csi": True}, "apps": [app]})
    stack("stack", "init")
    stack.up()
    yield stack
    stack("destroy", "--yes", "--skip-preview", "--run-program")


@pytest.fixture(scope="module")
def kube(stack: Stack, tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Kube:
    file: Path = tmp_path_factory.mktemp("database") / "kubeconfig"
    write_private(file, stack.outputs(secrets=True)["kubeconfig"])
    return Kube(file, sandbox.environment)


def image(kube: Kube) -> str:
    pod = kube.get("pod", "rickroller-db-0", "test")
    return str(pod["spec"]["containers"][0]["image"])


def is_rolled_out(kube: Kube) -> bool:
    status = kube.get("statefulset", "rickroller-db", "test")["status"]
    newest = status["currentRevision"] == status["updateRevision"]
    return bool(newest and status.get("readyReplicas") == 1)


def test_an_update_that_is_done_has_its_pod(stack: Stack, kube: Kube) -> None:
    stack.set("apps[0].database.image", "postgres:17.12")
    stack.up()
    assert is_rolled_out(kube)
    assert image(kube) == "postgres:17.12"
    stack("preview", "--expect-no-changes")


def test_an_image_that_is_not_there_fails_the_update_and_can_be_taken_back(
    stack: Stack, kube: Kube
) -> None:
    """Kubernetes would leave the pod that can't start, also once its StatefulSet is mended."""
    before = stack.file.read_text()
    stack.set("apps[0].database.image", NO_IMAGE)
    for _ in range(2):
        failed = stack.run("up", "--yes", "--skip-preview")
        assert failed.returncode != 0
        told = failed.stdout.partition("Diagnostics:")[2]
        assert f"database test/rickroller-db: after {LIMIT} s, 0 of 1 pods are ready" in told
        assert "ErrImagePull" in told

    stack.file.write_text(before)
    told = stack("up", "--yes", "--skip-preview")
    assert "database test/rickroller-db: its pod is not ready" in told
    assert image(kube) == "postgres:17.12"
    assert is_rolled_out(kube)
    stack("preview", "--expect-no-changes")


def test_it_can_go_on_with_another_image(stack: Stack, kube: Kube) -> None:
    stack.set("apps[0].database.image", NO_IMAGE)
    assert stack.run("up", "--yes", "--skip-preview").returncode != 0
    stack.set("apps[0].database.image", "postgres:17.13")
    stack.up()
    assert image(kube) == "postgres:17.13"
    assert is_rolled_out(kube)
    stack("preview", "--expect-no-changes")
