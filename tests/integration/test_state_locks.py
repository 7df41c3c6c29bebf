"""Two `up`s at once on one stack, and one that was killed, with the state in a bucket.

A folder has the same locks, by the same code (pulumi/pulumi, pkg/backend/diy/lock.go).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import fences
from tests.integration.account import Sandbox
from tests.integration.kube import Kube
from tests.integration.s3_server import s3_server
from tests.integration.stack import COMMAND_SECONDS, Stack
from tests.integration.state_stack import (
    NAMESPACE,
    PAGE,
    follow,
    kill_all,
    new_stack,
    no_room,
    remove,
    waiting_up,
)

pytestmark = pytest.mark.integration

IMAGE = "derlin/rickroller:another"


@pytest.fixture
def kube(sandbox: Sandbox, cluster_kubeconfig: Path) -> Kube:
    return Kube(cluster_kubeconfig, sandbox.environment)


@pytest.fixture(scope="module")
def stack(
    sandbox: Sandbox,
    cluster_kubeconfig: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """The stack, deployed; nothing of it is left on the cluster."""
    folder = tmp_path_factory.mktemp("stack")
    with s3_server(folder / "s3") as server:
        variables = {**server.environment, "PULUMI_BACKEND_URL": server.backend_url}
        stack = new_stack(sandbox, cluster_kubeconfig, folder, variables)
        follow(stack, "A bucket on Exoscale")
        yield stack
        remove(stack)


def locked(stack: Stack) -> str:
    """What Pulumi says to an `up` of a stack that is locked, as the page has it."""
    (message,) = (each.text for each in fences(PAGE) if "currently locked" in each.text)
    answer = stack.run("up", "--yes", "--skip-preview")
    assert answer.returncode != 0
    assert message in answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


def test_the_second_of_two_ups_is_told_and_harms_nothing(stack: Stack, kube: Kube) -> None:
    stack.set("apps[0].image", IMAGE)
    with no_room(kube) as make_room, waiting_up(stack, kube) as first:
        assert f"(pid {first.pid})" in locked(stack)
        make_room()
        said, _ = first.communicate(timeout=COMMAND_SECONDS)
        assert first.returncode == 0, said
    stack("up", "--yes", "--skip-preview", "--expect-no-changes")
    (pod,) = kube.list("pods", NAMESPACE)
    assert pod["spec"]["containers"][0]["image"] == IMAGE


def test_an_up_that_was_killed_is_finished_by_the_next(
    sandbox: Sandbox, stack: Stack, kube: Kube
) -> None:
    """While it makes the Deployment, which is then on the cluster and not in the state."""
    stack("destroy", "--yes", "--skip-preview")
    before = set(sandbox.processes())
    with no_room(kube), waiting_up(stack, kube) as process:
        kill_all(set(sandbox.processes()) - before)
        process.wait()
    assert f"(pid {process.pid})" in locked(stack)

    assert "interrupted while creating" in follow(stack, "A lock")
    assert kube.get("deployment", "rickroller", NAMESPACE)["status"]["readyReplicas"] == 1
    assert "interrupted" not in stack("up", "--yes", "--skip-preview", "--expect-no-changes")
