"""The control groups of machines: a folder each, in every hierarchy that there is."""

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
"""Those of sixteen processes, in each version. By default all pods of a machine had together what
any one process of the host has: on a busy host they did not answer in time."""


def add(name: str) -> None:
    """Make the group `name` at the top of every hierarchy: kubelet wants to find its own."""
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)
    cpuset = ROOT / "cpuset"
    for file in ("cpuset.cpus", "cpuset.mems"):  # of version 1, where a new group has none
        if (cpuset / file).exists():
            (cpuset / name / file).write_text((cpuset / file).read_text())
    for place, shares in _SHARES.items():
        weight = ROOT / place.format(name)
        if weight.exists():
            weight.write_text(str(shares))


def remove(beginning: str) -> None:
    """Kill what is in groups whose names begin so, and remove them.

    Raises SksError if one stays.
    """
    deadline = time.monotonic() + _DEADLINE
    while groups := [group for root in _hierarchies() for group in root.glob(f"{beginning}*")]:
        if time.monotonic() > deadline:
            raise SksError(f"the control group {groups[0]} does not go")
        for group in groups:
            _remove(group)


def _remove(group: Path) -> None:
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):  # processes are in it, or it is gone
            for pid in (Path(folder) / "cgroup.procs").read_text().split():
                os.kill(int(pid), signal.SIGKILL)
            Path(folder).rmdir()


def _hierarchies() -> Iterator[Path]:
    """Where new groups can be made: one folder of version 2, or one a controller."""
    if (ROOT / "cgroup.procs").exists():
        yield ROOT
    else:
        yield from (path for path in ROOT.iterdir() if not path.is_symlink() and path.is_dir())
