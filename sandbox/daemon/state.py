"""What the rest of the sandbox can know of its daemon: whether it runs, and what it is doing."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.paths import write_private

MARK = "SANDBOX_DAEMON_OF"
"""Environment variable that the daemon and its children alone have; its value is the home."""


@dataclass(frozen=True)
class Report:
    """`state` is starting, ready, failed or stopping; `detail` says what, or why not."""

    state: str
    detail: str


@dataclass(frozen=True)
class Process:
    """A process of the sandbox."""

    pid: int
    command: str
    resident_bytes: int


def lock_file(home: Path) -> Path:
    """The file that the daemon holds a lock on, with its pid inside."""
    return home / "daemon.pid"


def running_pid(home: Path) -> int | None:
    """Return the daemon's pid, None if none runs (a dead daemon's lock is gone with it)."""
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
    """The daemon's own word on how far it is (`daemon.json`)."""

    def __init__(self, home: Path) -> None:
        self._file = home / "daemon.json"

    def write(self, state: str, detail: str) -> None:
        """Replace the report."""
        write_private(self._file, json.dumps(asdict(Report(state, detail))))

    def read(self) -> Report | None:
        """Return the report, None if there is none. It counts only while the daemon runs."""
        try:
            return Report(**json.loads(self._file.read_text()))
        except FileNotFoundError:
            return None

    def clear(self) -> None:
        """Remove the report."""
        self._file.unlink(missing_ok=True)


def processes(home: Path) -> list[Process]:
    """Return the processes that the daemon of `home` started, and itself, by pid."""
    wanted = f"{MARK}={home}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if wanted not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            pages = int((folder / "statm").read_text().split()[1])
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            continue  # another user's, or gone meanwhile
        if arguments[0]:  # empty for one that has ended and was not waited for yet
            name = Path(os.fsdecode(arguments[0])).name
            resident = pages * os.sysconf("SC_PAGE_SIZE")
            found.append(Process(int(folder.name), name, resident))
    return sorted(found, key=lambda process: process.pid)
