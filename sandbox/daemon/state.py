"""The daemon's state: whether it runs, which processes it has, and what it reports."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.paths import write_private

MARK = "SANDBOX_DAEMON_OF"
"""Environment variable that marks the daemon and its children; its value is the home."""


@dataclass(frozen=True)
class Report:
    """A state that the daemon reports."""

    state: str
    """`starting`, `ready`, `failed` or `stopping`."""
    detail: str
    """What is starting or stopping, or the error."""


@dataclass(frozen=True)
class Process:
    """A process of the sandbox."""

    pid: int
    command: str
    resident_bytes: int


def lock_file(home: Path) -> Path:
    """Returns the file that the daemon keeps locked and that contains its PID."""
    return home / "daemon.pid"


def running_pid(home: Path) -> int | None:
    """Returns the daemon's PID, None if no daemon runs.

    The kernel releases the lock when the daemon ends, however it ends.
    """
    try:
        with lock_file(home).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0) or None
            return None
    except FileNotFoundError:
        return None


class DaemonState:
    """The file in which the daemon reports its state (`daemon.json`)."""

    def __init__(self, home: Path) -> None:
        self._file = home / "daemon.json"

    def write(self, state: str, detail: str) -> None:
        """Replaces the report."""
        write_private(self._file, json.dumps(asdict(Report(state, detail))))

    def read(self) -> Report | None:
        """Returns the report, None if there is none. It is valid only while the daemon runs."""
        try:
            return Report(**json.loads(self._file.read_text()))
        except FileNotFoundError:
            return None

    def clear(self) -> None:
        """Removes the report."""
        self._file.unlink(missing_ok=True)


def processes(home: Path) -> list[Process]:
    """Returns the daemon of `home` and the processes that it started, sorted by PID."""
    variable = f"{MARK}={home}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if variable not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            pages = int((folder / "statm").read_text().split()[1])
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            continue  # another user's process, or one that has ended meanwhile
        if arguments[0]:  # empty for a zombie: its parent has not waited for it yet
            name = Path(os.fsdecode(arguments[0])).name
            resident = pages * os.sysconf("SC_PAGE_SIZE")
            found.append(Process(int(folder.name), name, resident))
    return sorted(found, key=lambda process: process.pid)
