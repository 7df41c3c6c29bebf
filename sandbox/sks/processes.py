"""Supervises child processes, which never outlive their parent."""

import ctypes
import logging
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.sks.spec import SksError

_log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None, use_errno=True).prctl

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

_LOG_LIMIT = 4 * 1024 * 1024
_QUICK_DEATH = 10.0
_QUICK_DEATHS_ALLOWED = 3


@dataclass(frozen=True)
class Command:
    """A command to run.

    `environment` is added to the daemon's environment without proxies. The output is appended to
    the file `log`.
    """

    name: str
    arguments: Sequence[str]
    directory: Path
    log: Path
    pid_file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    executable: Path | None = None
    """The program, if the first argument is only its name among the processes."""


class Child:
    """A supervised process, which is restarted if it ends by itself.

    A separate thread spawns the process and stays until `stop`. This is necessary, because the
    kernel sends PR_SET_PDEATHSIG when the *thread* that forked ends. A process that repeatedly
    ends soon after its start is not restarted, and `failure` gives the reason.
    """

    def __init__(self, command: Command) -> None:
        self.command = command
        self.failure: str | None = None
        self._log_start = 0
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._supervise, name=command.name, daemon=True)

    def start(self) -> None:
        """Starts the process and keeps it running until `stop`."""
        kill_stale(self.command.pid_file, self.command.directory)
        self._thread.start()

    def stop(self, grace: float = 3.0) -> None:
        """Stops the process with SIGTERM, after `grace` seconds with SIGKILL, and waits for it.

        An API server would wait a minute for clients with open watches. SIGKILL loses no data,
        because etcd has logged it by then.
        """
        self._stop.set()
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()
        self._thread.join(grace)
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                _log.info("%s did not end within %s s, killed", self.command.name, grace)
                self._process.kill()
        self._thread.join()
        self.command.pid_file.unlink(missing_ok=True)

    def log_tail(self, lines: int = 5) -> str:
        """Returns the last lines of the log since the last start of the process."""
        log = self.command.log.read_bytes()[self._log_start :]
        text = log[-8192:].decode("utf-8", "replace")
        return "\n".join(text.splitlines()[-lines:])

    def _supervise(self) -> None:
        quick_deaths = 0
        while not self._stop.is_set():
            started = time.monotonic()
            with self._lock:
                if self._stop.is_set():
                    return
                try:
                    self._process = self._spawn()
                except OSError as error:
                    self.failure = f"{self.command.name} could not be started: {error}"
                    _log.error("%s", self.failure)
                    return
            status = self._process.wait()
            if self._stop.is_set():
                return
            quick_deaths = quick_deaths + 1 if time.monotonic() - started < _QUICK_DEATH else 0
            if quick_deaths > _QUICK_DEATHS_ALLOWED:
                self.failure = (
                    f"{self.command.name} ended with status {status} "
                    f"{quick_deaths} times in a row:\n{self.log_tail()}"
                )
                _log.error("%s", self.failure)
                return
            _log.warning("%s ended with status %s, restarting it", self.command.name, status)
            self._stop.wait(0.2 * 2**quick_deaths)

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = self.command
        if command.log.exists() and command.log.stat().st_size > _LOG_LIMIT:
            command.log.replace(command.log.with_suffix(".old.log"))
        parent = os.getpid()

        def die_with_parent() -> None:
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

        with command.log.open("ab") as log:
            self._log_start = log.tell()
            process = subprocess.Popen(
                command.arguments,
                executable=command.executable,
                cwd=command.directory,
                env={**_without_proxies(os.environ), **command.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        command.pid_file.write_text(f"{process.pid}\n")
        return process


def _without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment without proxies, through which traffic would leave the machine."""
    return {name: value for name, value in environment.items() if name.upper() not in _PROXIES}


def kill_stale(pid_file: Path, directory: Path, deadline: float = 10.0) -> None:
    """Kills the process in `pid_file` that an earlier daemon left running, if any.

    A process is killed only if, according to /proc, it runs the program that the file is named
    after, in the cluster's folder `directory`.

    Raises:
        SksError: if the process doesn't end within `deadline` seconds.
    """
    try:
        pid = int(pid_file.read_text())
        handle = os.pidfd_open(pid)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return
    try:
        program = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
        if Path(os.fsdecode(program)).name != pid_file.stem:
            return
        if Path(f"/proc/{pid}/cwd").resolve() != directory.resolve():
            return
        _log.warning("%s was still running as pid %s, killing it", pid_file.stem, pid)
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        if not select.select([handle], [], [], deadline)[0]:
            raise SksError(f"a stale {pid_file.stem} (pid {pid}) does not end")
    except (FileNotFoundError, ProcessLookupError):
        return
    finally:
        os.close(handle)
