"""How fast the provider plugins start, and how much memory they and the clusters hold."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from sandbox.daemon.state import processes

PLUGINS = {"exoscale": b"sandbox.plugins.exoscale", "kubernetes": b"pulumi-resource-kubernetes"}
"""What the command line of each plugin's process has in it."""
LOOK_SECONDS = 0.1
NO_ENGINE = "127.0.0.1:1"
MEGABYTE = 10**6


def start_seconds(name: str, home: Path, environment: dict[str, str], repetitions: int) -> float:
    """Return the median time from a plugin's start to the port that it prints, in seconds."""
    (program,) = home.glob(f"pulumi-home/plugins/resource-{name}-v*/pulumi-resource-{name}")

    taken = []
    for _ in range(repetitions + 1):
        begin = time.perf_counter()
        with subprocess.Popen(
            [program, NO_ENGINE], env=environment, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline().strip().isdigit(), f"{program} printed no port"
            taken.append(time.perf_counter() - begin)
            process.kill()
    return median(taken[1:])


@contextmanager
def watched(home: Path) -> Iterator[dict[str, int]]:
    """Yield the most memory that each plugin of the sandbox at `home` held so far, in bytes."""
    highest = dict.fromkeys(PLUGINS, 0)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            for name in PLUGINS:
                highest[name] = max(highest[name], _peak_bytes(name, home))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield highest
    finally:
        over.set()
        thread.join()


def cluster_bytes(home: Path) -> int:
    """Return the resident memory of all clusters' processes, without the daemon's own."""
    return sum(
        process.resident_bytes
        for process in processes(home)
        if not process.command.startswith("python")
    )


def _peak_bytes(name: str, home: Path) -> int:
    found = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if PLUGINS[name] not in (folder / "cmdline").read_bytes():
                continue
            if f"SANDBOX_HOME={home}".encode() not in (folder / "environ").read_bytes():
                continue
            status = (folder / "status").read_text()
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            continue  # another user's, or gone meanwhile
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                found = max(found, int(line.split()[1]) * 1024)
    return found
