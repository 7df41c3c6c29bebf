"""A stack on an existing cluster, with its state as docs/state-and-secrets.md keeps it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from tests.support.account import Sandbox
from tests.support.documents import ROOT, commands_under
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import APP, COMMAND_SECONDS, Stack, copy_project

PAGE = ROOT / "docs" / "state-and-secrets.md"
NAMESPACE = "test"
SETTINGS_OF_APP = {
    **{key: value for key, value in APP.items() if key != "path"},
    "namespace": NAMESPACE,
    "replicas": 1,
}
SECRETS = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER")
"""By which the sandbox has its stacks' secrets elsewhere."""


def new_stack(
    sandbox: Sandbox, kubeconfig: Path, folder: Path, variables: Mapping[str, str]
) -> Stack:
    """The stack `dev`, not created yet: one application, and `folder` as the user's home."""
    home = folder / "home"
    home.mkdir()
    environment = {key: value for key, value in sandbox.environment.items() if key not in SECRETS}
    own = {
        "HOME": str(home),
        "PULUMI_CREDENTIALS_PATH": str(home),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(home / "passphrase"),
        "PULUMI_SKIP_CONFIRMATIONS": "true",
    }
    stack = Stack("dev", copy_project(folder / "project"), {**environment, **own, **variables})
    existing = {"kubeconfig": str(kubeconfig)}
    stack.configure({"existingCluster": existing, "apps": [SETTINGS_OF_APP]})
    return stack


def follow(stack: Stack, heading: str) -> str:
    """Run the page's commands below the heading, to the first that fails; return what they say."""
    answer = subprocess.run(
        ["bash", "-c", f"set -eux\n{commands_under(PAGE, heading)}"],
        cwd=stack.folder,
        env=stack.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    assert answer.returncode == 0, answer.stdout
    return answer.stdout


def with_variables(stack: Stack, **variables: str | None) -> Stack:
    """The stack, for a user who has these variables otherwise; those of None not at all."""
    environment = {**stack.environment, **variables}
    return replace(
        stack, environment={key: value for key, value in environment.items() if value is not None}
    )


def refused(stack: Stack, *command: str) -> str:
    """Run a Pulumi command that has to fail at once; return its words."""
    sandbox = Sandbox(Path(stack.environment["SANDBOX_HOME"]))
    before = set(sandbox.processes())
    answer = stack.run(*command)
    kill_all(set(sandbox.processes()) - before)  # the language host, which ends minutes later
    assert answer.returncode != 0, answer.stdout
    return answer.stdout + answer.stderr


def remove(stack: Stack) -> None:
    """Destroy the stack, and forget it."""
    stack("destroy", "--yes", "--skip-preview")
    stack("stack", "rm", "--yes", "--preserve-config")


@contextmanager
def no_room(kube: Kube) -> Iterator[Callable[[], None]]:
    """No node takes a new pod, so an `up` waits, until the block ends or calls what it gets."""
    nodes = sorted(kube.names("nodes"))

    def make_room() -> None:
        kube.run("kubectl", "uncordon", *nodes)

    kube.run("kubectl", "cordon", *nodes)
    try:
        yield make_room
    finally:
        make_room()


@contextmanager
def waiting_up(
    stack: Stack, kube: Kube, process: subprocess.Popen[str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """An `up`, or the process that runs one, which has a new pod that finds no room."""
    process = process or stack.start("up", "--yes", "--skip-preview")

    def waits() -> bool:
        assert process.poll() is None, process.communicate()[0]
        return any(pod["status"]["phase"] == "Pending" for pod in kube.list("pods", NAMESPACE))

    try:
        eventually(waits)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=COMMAND_SECONDS)


def kill_all(pids: set[int]) -> None:
    """What a machine's end does to its processes."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
