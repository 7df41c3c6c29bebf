"""The sandbox from the command line: up, killed, up again, down, reset."""

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from exoscale.api.v2 import Client

from sandbox.account import Account
from sandbox.daemon.state import processes, running_pid
from sandbox.paths import ROOT
from tests.support.account import VERSION

pytestmark = pytest.mark.integration

CONTROL_PLANE = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"}


def sandbox(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT,
        env={**os.environ, "SANDBOX_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=1800,
    )


def status(home: Path) -> dict[str, object]:
    answer = sandbox(home, "status", "--json")
    found: dict[str, object] = json.loads(answer.stdout)
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("sandbox") / "home"
    try:
        yield home
    finally:
        assert sandbox(home, "reset").returncode == 0


@pytest.fixture(scope="module")
def account(home: Path) -> Account:
    answer = sandbox(home, "up")
    assert answer.returncode == 0, answer.stderr
    account = Account.load(home)
    assert account is not None
    return account


@pytest.fixture(scope="module")
def cluster(home: Path, account: Account) -> str:
    client = Client(account.api_key, account.api_secret, url=account.endpoint)
    operation = client.create_sks_cluster(
        name="lifecycle", level="starter", version=VERSION, cni="calico"
    )

    def over() -> bool:
        return bool(client.get_operation(id=operation["id"])["state"] != "pending")

    wait_for(over, 120)
    made: str = operation["reference"]["id"]
    return made


def test_a_second_up_does_nothing(home: Path, account: Account) -> None:
    pid = running_pid(home)
    answer = sandbox(home, "up")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert running_pid(home) == pid


def test_exec_passes_the_exit_code_on(home: Path, account: Account) -> None:
    assert sandbox(home, "exec", "--", "sh", "-c", "exit 7").returncode == 7
    assert sandbox(home, "exec", "--", "sh", "-c", "kill -9 $$").returncode == 128 + 9
    assert sandbox(home, "exec", "--", "no-such-program").returncode == 127
    assert sandbox(home, "exec").returncode == 1


def test_exec_leaves_no_temporary_files(home: Path, account: Account) -> None:
    """The Kubernetes plugin would leave an administrator's kubeconfig there."""
    command = 'stat --format %a "$TMPDIR"; echo "$TMPDIR"; touch "$TMPDIR/kubeconfig1"'
    mode, folder = sandbox(home, "exec", "--", "sh", "-c", command).stdout.split()
    assert mode == "700"
    assert Path(folder).parent == home / "tmp"
    assert list((home / "tmp").iterdir()) == []


def test_plugins_and_stacks_are_there(home: Path, account: Account) -> None:
    listed = sandbox(home, "exec", "--", "pulumi", "plugin", "ls", "--json")
    assert {(plugin["name"], plugin["version"]) for plugin in json.loads(listed.stdout)} == {
        ("exoscale", importlib.metadata.version("pulumiverse_exoscale")),
        ("kubernetes", importlib.metadata.version("pulumi_kubernetes")),
    }
    stacks = sandbox(home, "exec", "--", "pulumi", "stack", "ls", "--json")
    assert {"local", "dev"} <= {stack["name"] for stack in json.loads(stacks.stdout)}


def test_pulumi_leaves_the_stack_files_as_they_are(home: Path, account: Account) -> None:
    before = {file: file.read_bytes() for file in ROOT.glob("Pulumi.*.yaml")}
    answer = sandbox(home, "exec", "--", "pulumi", "config", "--stack", "local")
    assert answer.returncode == 0, answer.stderr
    assert {file: file.read_bytes() for file in ROOT.glob("Pulumi.*.yaml")} == before


def test_pulumi_writes_no_stack_file_in_between(home: Path, account: Account) -> None:
    """It would write numbers as YAML reads them, before the program sees them."""
    written = f"{sys.executable} -c 'import os; print(os.stat(\"Pulumi.local.yaml\").st_mtime_ns)'"
    commands = f"{written}; pulumi preview --stack local > /dev/null || exit; {written}"
    answer = sandbox(home, "exec", "--", "sh", "-c", commands)
    assert answer.returncode == 0, answer.stderr
    before, after = answer.stdout.split()
    assert before == after


def test_only_the_owner_reads_the_secrets(home: Path, cluster: str) -> None:
    for file in (home / "account.json", home / "kubeconfig"):
        assert file.stat().st_mode & 0o077 == 0
    for folder in (home / "pulumi-state", home / "clusters", home / "api", home / "log"):
        assert folder.stat().st_mode & 0o077 == 0


def test_a_killed_daemon_takes_all_along_and_comes_back_as_it_was(
    home: Path, account: Account, cluster: str
) -> None:
    assert sandbox(home, "exec", "--", "kubectl", "create", "ns", "kept").returncode == 0
    before = status(home)
    pid = running_pid(home)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not processes(home))
    assert status(home)["state"] == "stopped"

    kept = sandbox(home, "exec", "--", "kubectl", "get", "ns", "kept", "-o", "name")
    assert kept.stdout == "namespace/kept\n", kept.stderr
    after = status(home)
    assert after["sks-clusters"] == before["sks-clusters"]
    assert after["endpoint"] == before["endpoint"]


def test_down_leaves_no_process_and_keeps_everything(home: Path, cluster: str) -> None:
    assert {process.command for process in processes(home)} >= CONTROL_PLANE
    clusters = status(home)["sks-clusters"]
    assert sandbox(home, "down").returncode == 0
    assert processes(home) == []
    assert status(home)["sks-clusters"] == clusters
    assert sandbox(home, "down").returncode == 0


def test_reset_leaves_nothing(home: Path, cluster: str) -> None:
    assert sandbox(home, "reset").returncode == 0
    assert [file.name for file in home.iterdir()] == ["lock"]
