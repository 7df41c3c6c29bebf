"""What a machine has that a sandbox may leave on it."""

import json
import subprocess
from pathlib import Path

from sandbox.sks.machines.network import namespaces, prefix

HIERARCHIES = Path("/sys/fs/cgroup")
NAMESPACES = "/run/netns"
"""Where iproute2 keeps the names of network namespaces. The first one makes it a mount
of the machine, which stays: all namespaces share it, whoever made them (ip-netns(8))."""


def state(home: Path) -> dict[str, list[str]]:
    """Links, routes, rules and mounts; of the sandbox at `home`, all else that it has."""
    links = json.loads(_output("ip", "-json", "link"))
    return {
        "links": sorted(link["ifname"] for link in links),
        "routes": _output("ip", "route").splitlines(),
        "rules": _output("iptables-save").splitlines()[1:-1],
        "namespaces": namespaces(prefix(home)),
        "mounts": sorted(mounts()),
        "groups": sorted(str(path) for path in HIERARCHIES.glob(f"**/{prefix(home)}*")),
        "processes": sorted(_processes(home)),
    }


def mounts() -> list[str]:
    """All but the one that the machine's first network namespace brings."""
    lines = Path("/proc/mounts").read_text().splitlines()
    return [line for line in lines if line.split()[1] != NAMESPACES]


def _processes(home: Path) -> list[str]:
    commands = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(home) in command:
            commands.append(command)
    return commands


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
