"""Changes of the deployed stack taken back: by the stack's own history, and behind its back."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.paths import ROOT
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import COMMAND_SECONDS, TUTORIAL, Stack

pytestmark = pytest.mark.integration

DEPLOYMENT = "kubernetes:apps/v1:Deployment"


@pytest.fixture(scope="module")
def first_commit(stack: Stack) -> str:
    """The commit of the stack's first settings, in a repository of the project's own.

    The project has the tools too, for they work on the project that they are in.
    """
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tools", stack.folder / "tools", ignore=ignored)
    (stack.folder / ".venv").symlink_to(sys.prefix)
    git(stack.folder, "init", "--quiet")
    git(stack.folder, "add", stack.file.name)
    return commit(stack)


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=tests", "-c", "user.email=tests@example.com")
    answer = subprocess.run(
        ("git", *identity, *arguments), cwd=folder, capture_output=True, text=True, check=True
    )
    return answer.stdout.strip()


def commit(stack: Stack) -> str:
    git(stack.folder, "commit", "--quiet", "--message", "deployed", "--", stack.file.name)
    return git(stack.folder, "rev-parse", "HEAD")


def rollback(
    stack: Stack, sandbox: Sandbox, to: str, flags: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *("make", f"--file={ROOT / 'Makefile'}", "rollback"),
            *("--old-file=.venv/sandbox-ready", "--old-file=.venv/tools-ready"),
            *(f"SANDBOX={sys.executable} -m sandbox", f"STACK={stack.name}", f"TO={to}"),
            f"FLAGS=--non-interactive --color=never {flags}",
        ],
        cwd=stack.folder,
        env={**sandbox.environment, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )


def environment(kube: Kube) -> dict[str, str]:
    deployment = kube.get("deployment", "rickroller", "test")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {item["name"]: item.get("value", "") for item in container["env"]}


def test_make_rollback_goes_back_to_an_earlier_deployment(
    stack: Stack, kube: Kube, sandbox: Sandbox, first_commit: str
) -> None:
    before = stack.file.read_text()
    stack.set("apps[0].environment.GREETING", "hello")
    stack.set("apps[0].replicas", "2")
    unsaved = rollback(stack, sandbox, first_commit, "--yes")
    assert unsaved.returncode != 0
    assert "has uncommitted changes" in unsaved.stdout
    commit(stack)
    stack.up()
    assert environment(kube)["GREETING"] == "hello"

    declined = rollback(stack, sandbox, first_commit)
    assert declined.returncode != 0
    assert environment(kube)["GREETING"] == "hello"
    assert "GREETING" in stack.file.read_text()

    done = rollback(stack, sandbox, first_commit, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    diff = done.stdout.partition("Updating")[0]
    assert "GREETING" in diff
    assert "2 => 3" in diff
    assert "GREETING" not in environment(kube)
    eventually(lambda: kube.get("deployment", "rickroller", "test")["status"]["readyReplicas"] == 3)
    assert stack.file.read_text() == before
    stack("preview", "--expect-no-changes")


def test_a_rollout_undone_by_hand_is_shown(stack: Stack, kube: Kube) -> None:
    stack.set("apps[0].environment.GREETING", "hello")
    stack.up()
    kube.run("kubectl", "rollout", "undo", "deployment/rickroller", "--namespace=test")
    assert "GREETING" not in environment(kube)

    (step,) = stack.preview("--refresh")
    assert (step.operation, step.kind, step.name) == ("update", DEPLOYMENT, "rickroller")
    assert any("env" in path for path in step.changed), step
    stack.with_force.up("--refresh")
    assert environment(kube)["GREETING"] == "hello"
    stack.configure(TUTORIAL)
    stack.up()
