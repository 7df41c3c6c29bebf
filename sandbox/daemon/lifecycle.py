"""Starts, stops and resets the sandbox."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.account import Account, Nodes
from sandbox.daemon.state import MARK, DaemonState, processes, running_pid
from sandbox.environment import pulumi_home
from sandbox.environment.stack_files import temporary_salts
from sandbox.errors import SandboxError
from sandbox.images.images import ensure_images
from sandbox.paths import ROOT, private_directory, temporary_files
from sandbox.progress import Progress
from sandbox.sks.machines import leftovers
from sandbox.sks.spec import SksError
from sandbox.toolchain.prerequisites import check_containers, check_platform
from sandbox.toolchain.provide import ensure_tools
from sandbox.toolchain.tools import NODE_TOOLS

START_SECONDS = 180.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.1

# Folders and files that the sandbox keeps in its home.
FOLDERS = (
    "acme",
    "api",
    "clusters",
    "log",
    "pulumi-home",
    "pulumi-homes",
    "pulumi-stacks",
    "pulumi-state",
    "snapshots",
    "tls",
    "tmp",
    "volumes",
)
FILES = ("account.json", "daemon.json", "daemon.pid", "kubeconfig", "stack-files.lock")


def up(
    home: Path, progress: Progress, plugins: Path | None = None, nodes: Nodes | None = None
) -> Account:
    """Starts the sandbox if it doesn't run, waits until it is ready, and returns its account.

    Args:
        home: the sandbox's home.
        progress: shows the progress.
        plugins: a folder of provider plugins. A plugin that it doesn't contain is installed as
            without the folder.
        nodes: the kind of the clusters' nodes. It is stored after the tools and images for it are
            installed, and can be changed only after `reset`.

    Raises:
        SandboxError: if a tool or a plugin can't be installed, if the daemon or a cluster doesn't
            start, or if the sandbox has nodes of the other kind.
    """
    check_platform()
    with _lock_home(home):
        kind = Account.kind_of_nodes(home, nodes)
    if kind == "containers":
        check_containers(home)
        ensure_tools(progress, NODE_TOOLS)
        ensure_images(progress)
    else:
        ensure_tools(progress)
    with _lock_home(home):
        account = Account.load_or_create(home, kind)
        report = DaemonState(home).read()
        if running_pid(home) is None or report is None or report.state != "ready":
            _start(home, progress)
        private_directory(temporary_files(home))
        pulumi_home.prepare(account, home, progress, plugins)
    return account


def down(home: Path, progress: Progress) -> None:
    """Stops the daemon and its child processes. All data is kept for the next `up`.

    Raises:
        SandboxError: if a process doesn't end.
    """
    if not home.exists():
        progress.say("sandbox", "not running")
        return
    with _lock_home(home):
        _stop(home, progress)
        if temporary_files(home).exists():
            shutil.rmtree(temporary_files(home))


def reset(home: Path, progress: Progress) -> None:
    """Stops the sandbox and removes its data; the tools are kept."""
    with _lock_home(home):
        _stop(home, progress)
        with temporary_salts(home):  # removes salts that a killed command left in the stack files
            pass
        for name in FOLDERS:
            if (home / name).exists():
                shutil.rmtree(home / name)
        for name in FILES:
            (home / name).unlink(missing_ok=True)
    progress.say("sandbox", f"emptied ({home})")


@contextmanager
def _lock_home(home: Path) -> Iterator[None]:
    with (private_directory(home) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stop(home: Path, progress: Progress) -> None:
    pid = running_pid(home)
    if pid is None and not processes(home):
        _remove_leftovers(home)
        progress.say("sandbox", "not running")
        return
    with progress.step("sandbox", "stopping") as step:
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
        if not _wait_for(lambda: _is_stopped(home), STOP_SECONDS):
            for process in processes(home):
                os.kill(process.pid, signal.SIGKILL)
        if not _wait_for(lambda: _is_stopped(home), STOP_SECONDS):
            left = ", ".join(f"{process.command} ({process.pid})" for process in processes(home))
            raise SandboxError(f"these processes don't end, even after SIGKILL: {left}")
        _remove_leftovers(home)
        step.results.append(("sandbox", "stopped"))
    (home / "kubeconfig").unlink(missing_ok=True)


def _start(home: Path, progress: Progress) -> None:
    log = private_directory(home / "log") / "daemon.out"
    with progress.step("sandbox", "starting") as step:
        process = None
        report = DaemonState(home).read()
        if report is not None and report.state == "stopping":
            _wait_for(lambda: running_pid(home) is None, STOP_SECONDS)
        if running_pid(home) is None:
            _remove_leftovers(home)
            DaemonState(home).clear()
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [sys.executable, "-m", "sandbox.daemon"],
                    cwd=ROOT,
                    env={**os.environ, "SANDBOX_HOME": str(home), MARK: str(home)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

        def is_ready() -> bool:
            report = DaemonState(home).read()
            if report is not None and report.state == "failed":
                raise SandboxError(
                    f"{report.detail} (log: {home / 'log' / 'daemon.log'}); "
                    "run `down` and `up` to retry, or `reset` to remove all data"
                )
            if (process is None or process.poll() is not None) and running_pid(home) is None:
                last_line = log.read_text(errors="replace").strip().rpartition("\n")[2]
                raise SandboxError(f"the daemon ended: {last_line} (log: {log})")
            if report is not None:
                step.detail = f"{report.state} {report.detail}"
            return report is not None and report.state == "ready"

        if not _wait_for(is_ready, START_SECONDS):
            raise SandboxError(
                f"the sandbox is not ready after {START_SECONDS:.0f} s: see {home / 'log'}"
            )
        step.results.append(("sandbox", "up"))


def _remove_leftovers(home: Path) -> None:
    """Removes the network namespaces and control groups of killed machines.

    The kernel has already ended the machines' processes.

    Raises:
        SandboxError: if one can't be removed.
    """
    account = Account.load(home)
    if account is not None and account.nodes == "containers":
        try:
            leftovers.remove(home)
        except SksError as error:
            raise SandboxError(str(error)) from error


def _is_stopped(home: Path) -> bool:
    return running_pid(home) is None and not processes(home)


def _wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
