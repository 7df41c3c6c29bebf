"""Two `up`s at once on one stack, one that was killed, and one whose bucket was away.

A folder has the same locks, by the same code (pulumi/pulumi, pkg/backend/diy/lock.go).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.paths import ROOT
from tests.program.integration.state_stack import (
    NAMESPACE,
    PAGE,
    follow,
    kill_all,
    no_room,
    waiting_up,
)
from tests.support.account import Sandbox
from tests.support.documents import fences
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.s3_server import S3Server
from tests.support.stack import COMMAND_SECONDS, Stack

pytestmark = pytest.mark.integration

IMAGE = "derlin/rickroller:another"
(LOCKED,) = (each.text for each in fences(PAGE) if "currently locked" in each.text)
DEPLOY = """
import sys
from pathlib import Path
from tools import deploy
sys.exit(deploy.main(["--stack=dev"], Path(sys.argv[1])))
"""


@pytest.fixture
def kube(sandbox: Sandbox, cluster_kubeconfig: Path) -> Kube:
    return Kube(cluster_kubeconfig, sandbox.environment)


@pytest.fixture(scope="module")
def stack(stack_in_bucket: Stack) -> Stack:
    return stack_in_bucket


def locked(stack: Stack) -> str:
    """What Pulumi says to an `up` of a stack that is locked."""
    answer = stack.run("up", "--yes", "--skip-preview")
    assert answer.returncode != 0
    assert LOCKED in answer.stdout + answer.stderr
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


def test_the_second_of_two_deploys_is_told_the_way_out(stack: Stack, kube: Kube) -> None:
    stack.set("apps[0].image", f"{IMAGE}-one")
    with no_room(kube) as make_room, waiting_up(stack, kube, deploying(stack)) as first:
        with deploying(stack) as second:
            said, _ = second.communicate(timeout=COMMAND_SECONDS)
        assert second.returncode == 1
        assert LOCKED in said
        assert re.search(r"\(pid \d+\)", said)
        assert said.splitlines()[-1] == (
            "deploy: dev: pulumi up failed, see above. Completed changes stay. Fix the error and "
            "deploy again. If the stack is locked and no other deployment is running, run pulumi "
            "cancel --stack dev"
        )
        make_room()
        said, _ = first.communicate(timeout=COMMAND_SECONDS)
        assert first.returncode == 0, said
    stack("up", "--yes", "--skip-preview", "--expect-no-changes")


def deploying(stack: Stack) -> subprocess.Popen[str]:
    """The tool, as `make` runs it."""
    return subprocess.Popen(
        [sys.executable, "-c", DEPLOY, str(stack.folder)],
        cwd=ROOT,
        env=stack.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


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

    deployment = json.loads(stack("stack", "export"))["deployment"]
    (pending,) = deployment["pending_operations"]
    assert pending["type"] == "creating"
    assert pending["resource"]["type"] == "kubernetes:apps/v1:Deployment"

    follow(stack, "Remove a lock")
    assert kube.get("deployment", "rickroller", NAMESPACE)["status"]["readyReplicas"] == 1
    assert "interrupted" not in stack("up", "--yes", "--skip-preview", "--expect-no-changes")


def test_an_up_waits_for_a_backend_that_is_away(stack: Stack, server: S3Server, kube: Kube) -> None:
    """The Deployment is made while the bucket is away: the state hears of it later."""
    stack("destroy", "--yes", "--skip-preview")
    assert server.process
    with no_room(kube) as make_room, waiting_up(stack, kube) as process:
        with server.process.away():
            make_room()
            eventually(lambda: "readyReplicas" in deployment_status(kube))
            assert process.poll() is None
        said, _ = process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == 0, said
    stack("up", "--yes", "--skip-preview", "--expect-no-changes")


def deployment_status(kube: Kube) -> dict[str, Any]:
    status: dict[str, Any] = kube.get("deployment", "rickroller", NAMESPACE)["status"]
    return status
