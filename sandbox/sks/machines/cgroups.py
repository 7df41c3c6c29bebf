"""The control groups of machines: one folder per machine in each hierarchy."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sandbox.sks.spec import SksError

ROOT = Path("/sys/fs/cgroup")
_DEADLINE = 10.0
_SHARES = {"cpu/{}/cpu.shares": 16 * 1024, "{}/cpu.weight": 16 * 100}
"""The CPU weight of a machine: that of sixteen processes, for each version of control groups. With
the default, all pods of a machine together have the weight of one process of the host. On a busy
host, they then don't answer in time."""


def add(name: str) -> None:
    """Creates the group `name` at the top of each hierarchy, because kubelet requires it."""
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)
    cpuset = ROOT / "cpuset"
    for file in ("cpuset.cpus", "cpuset.mems"):  # in version 1, they are empty in a new group
        if (cpuset / file).exists():
            (cpuset / name / file).write_text((cpuset / file).read_text())
    for place, shares in _SHARES.items():
        weight = ROOT / place.format(name)
        if weight.exists():
            weight.write_text(str(shares))


def processes_of_pod(uid: str) -> Iterator[int]:
    """Yields the processes of a pod of any machine."""
    for hierarchy in _hierarchies():
        for file in hierarchy.glob(f"sandbox-*/kubepods/**/pod{uid}/**/cgroup.procs"):
            yield from map(int, file.read_text().split())


def remove(beginning: str) -> None:
    """Deletes the groups whose names start with `beginning`, and kills their processes.

    Raises:
        SksError: if a group can't be deleted.
    """
    deadline = time.monotonic() + _DEADLINE
    while groups := [group for root in _hierarchies() for group in root.glob(f"{beginning}*")]:
        if time.monotonic() > deadline:
            raise SksError(f"the control group {groups[0]} can't be deleted")
        for group in groups:
            _remove(group)


def _remove(group: Path) -> None:
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):  # it still has processes, or is already deleted
            for pid in (Path(folder) / "cgroup.procs").read_text().split():
                os.kill(int(pid), signal.SIGKILL)
            Path(folder).rmdir()


def _hierarchies() -> Iterator[Path]:
    """Yields the roots of the hierarchies: one in version 2, one per controller in version 1."""
    if (ROOT / "cgroup.procs").exists():
        yield ROOT
    else:
        yield from (path for path in ROOT.iterdir() if not path.is_symlink() and path.is_dir())
