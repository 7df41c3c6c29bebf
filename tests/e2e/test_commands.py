"""Commands, logs and tables on nodes that run containers, in a clone by make as users type it."""

import os
import pty
import select
import signal
import subprocess
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.paths import private_directory
from tests.e2e.real_nodes import MARKS
from tests.support.account import Sandbox
from tests.support.clone import copy_clone
from tests.support.documents import ROOT, commands_under
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import Stack

pytestmark = MARKS

SECONDS = 180
PAGE = ROOT / "docs" / "workers-jobs-and-commands.md"
MANAGED_BY = "app.kubernetes.io/managed-by"
CRASHING = """
apiVersion: v1
kind: Pod
metadata:
  name: crashing
  namespace: test
  labels: {app.kubernetes.io/name: rickroller-mail, app.kubernetes.io/instance: rickroller}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {runAsNonRoot: true, runAsUser: 999, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: mail
    image: busybox:1.35
    command: [sh, -c, "echo no mail server; exit 7"]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clone = copy_clone(tmp_path_factory.mktemp("commands") / "clone")
    home = private_directory(clone / ".sandbox")
    for part in ("bin", "build", "images"):
        (home / part).symlink_to(private_directory(ROOT / ".sandbox" / part))
    return clone


@pytest.fixture(scope="module")
def shell(sandbox: Sandbox) -> dict[str, str]:
    """The environment of a shell whose sandbox is that of the tests."""
    return {**os.environ, "SANDBOX_HOME": str(sandbox.home)}


def tool(*arguments: str) -> list[str]:
    return [
        ".venv/bin/python",
        "-m",
        "tools.pods.run",
        "--stack=e2e",
        "--app=rickroller",
        *arguments,
    ]


def runs(kube: Kube, kind: str) -> list[dict[str, Any]]:
    """What `make run` has created of this kind, and nobody has deleted."""
    return [
        each
        for each in kube.list(kind, "test")
        if each["metadata"].get("labels", {}).get(MANAGED_BY) == "make-run"
        and "deletionTimestamp" not in each["metadata"]
    ]


def nothing_runs(kube: Kube) -> bool:
    return not any(runs(kube, kind) for kind in ("jobs", "pods", "networkpolicies"))


def documented(heading: str) -> str:
    """The page's commands, for the demo."""
    text = commands_under(PAGE, heading).replace("STACK=dev", "STACK=e2e")
    text = text.replace("APP=shop", "APP=rickroller").replace("shop import", "busybox sleep 1000")
    return text.replace("shop migrate --dry-run", "python3 -c 'print(6 * 7)'")


def typed(commands: str, clone: Path, shell: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-eu", "-c", commands],
        cwd=clone,
        env=shell,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def test_streams_and_the_exit_code_are_the_commands_own(
    stack: Stack, kube: Kube, clone: Path
) -> None:
    command = """sh -c 'echo "$BEHIND_PROXY"; busybox cat; echo wrong >&2; exit 3'"""
    answer = subprocess.run(
        tool(f"--command={command}"),
        cwd=clone,
        env=stack.environment,
        input="typed\n" * 2_000,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert answer.returncode == 3, answer.stderr
    assert answer.stdout == "true\n" + "typed\n" * 2_000
    assert answer.stderr.splitlines()[-1:] == ["wrong"]
    eventually(lambda: nothing_runs(kube))


class Screen:
    """A terminal that a program has been given."""

    def __init__(self, end: int) -> None:
        self._end = end
        self._shown = ""

    def shows(self, text: str) -> bool:
        while select.select([self._end], [], [], 0)[0]:
            self._shown += os.read(self._end, 4096).decode()
        return text in self._shown

    def type(self, text: str) -> None:
        self._shown = ""
        os.write(self._end, text.encode())


@contextmanager
def terminal(rows: int, columns: int) -> Iterator[tuple[int, Screen]]:
    """A terminal's end for a program, and the screen."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (rows, columns))
    try:
        yield theirs, Screen(ours)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_shell_has_the_terminal(stack: Stack, kube: Kube, clone: Path) -> None:
    with (
        terminal(33, 99) as (end, screen),
        subprocess.Popen(
            tool("--command=/bin/sh"),
            cwd=clone,
            env=stack.environment,
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
        ) as process,
    ):
        eventually(lambda: screen.shows("$ "))
        screen.type("busybox stty size\n")
        eventually(lambda: screen.shows("33 99"))
        termios.tcsetwinsize(end, (44, 111))

        def resized() -> bool:
            screen.type("busybox stty size\n")
            return eventually(lambda: screen.shows("$ ")) and screen.shows("44 111")

        eventually(resized)
        screen.type("busybox sleep 1000\n")
        eventually(lambda: screen.shows("busybox sleep 1000"))
        screen.type("\x03")
        eventually(lambda: screen.shows("$ "))
        screen.type("exit 4\n")
        assert process.wait(SECONDS) == 4
    eventually(lambda: nothing_runs(kube))


def test_ctrl_c_deletes_the_pod(kube: Kube, clone: Path, shell: Mapping[str, str]) -> None:
    """Meanwhile it may connect to whom the application may, and gets none of its requests."""
    command = ["make", "run", "STACK=e2e", "APP=rickroller", "CMD=busybox sleep 1000"]
    with subprocess.Popen(
        command, cwd=clone, env=shell, stdin=subprocess.DEVNULL, start_new_session=True
    ) as process:
        eventually(lambda: any(each["status"].get("podIP") for each in runs(kube, "pods")))
        (pod,), (policy,) = runs(kube, "pods"), runs(kube, "networkpolicies")
        own = kube.get("networkpolicy", "rickroller", "test")
        slices = kube.list("endpointslices", "test")
        assert policy["spec"]["egress"] == own["spec"]["egress"]
        assert "ingress" not in policy["spec"]
        assert pod["status"]["podIP"] not in {
            address
            for each in slices
            for endpoint in each["endpoints"]
            for address in endpoint["addresses"]
        }
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(SECONDS) != 0
    eventually(lambda: nothing_runs(kube))


def test_the_documented_commands_run(kube: Kube, clone: Path, shell: Mapping[str, str]) -> None:
    """A detached one goes on until it is ended by its name."""
    *attached, detached, follow, stop = documented("Run a command").splitlines()
    answer = typed("\n".join(attached), clone, shell)
    assert (answer.returncode, answer.stdout) == (0, "42\n"), answer.stderr

    answer = typed(detached, clone, shell)
    assert answer.returncode == 0, answer.stderr
    (job,) = runs(kube, "jobs")
    name = job["metadata"]["name"]
    assert f"RUN={name}" in answer.stdout
    eventually(lambda: runs(kube, "pods"))
    stopped = typed(stop.replace("shop-run-1a2b3c", name), clone, shell)
    assert stopped.stdout == f"{name} was deleted\n", stopped.stderr
    eventually(lambda: nothing_runs(kube))
    assert "FOLLOW=1" in follow


@pytest.fixture(scope="module")
def crashing(kube: Kube) -> Iterator[None]:
    kube.run("kubectl", "apply", "-f", "-", stdin=CRASHING)
    yield
    kube.run("kubectl", "delete", "pod", "crashing", "-n", "test")


def restarted(kube: Kube) -> bool:
    (status,) = kube.get("pod", "crashing", "test")["status"].get("containerStatuses", [{}])
    return status.get("restartCount", 0) > 0 and "terminated" in status["lastState"]


def test_new_pods_are_followed_and_crashes_have_their_logs(
    kube: Kube, clone: Path, shell: Mapping[str, str], request: pytest.FixtureRequest
) -> None:
    *commands, follow = documented("Show logs").splitlines()
    with subprocess.Popen(
        ["bash", "-c", f"exec {follow}"],
        cwd=clone,
        env=shell,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("rickroller-")
        request.getfixturevalue("crashing")
        assert "crashing  no mail server\n" in iter(process.stdout.readline, "")
        os.killpg(process.pid, signal.SIGINT)
        process.wait(SECONDS)

    eventually(lambda: restarted(kube))
    answer = typed("\n".join(commands), clone, shell)
    assert answer.returncode == 0, answer.stderr
    assert "crashing  no mail server" in answer.stdout.splitlines()


def test_ps_shows_the_crash_and_events_say_more(
    crashing: None, kube: Kube, clone: Path, shell: Mapping[str, str]
) -> None:
    eventually(lambda: restarted(kube))
    answer = typed("make ps STACK=e2e; make events STACK=e2e APP=rickroller", clone, shell)
    assert answer.returncode == 0, answer.stderr
    table, _, events = answer.stdout.partition("AGO ")
    for name in kube.names("pods", "test"):
        assert name in table
    (row,) = [each for each in table.splitlines() if " crashing " in each]
    assert "worker mail" in row
    assert "(Error, exit code 7, " in row
    assert "pod/crashing" in events
