"""What must be on the machine for the sandbox, and for building its tools."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from packaging.version import Version

from sandbox.errors import SandboxError
from sandbox.toolchain.tools import GO_MINIMUM

_TOOLCHAIN_SWITCHING = Version("1.21")
"""From here on, go fetches a newer tool chain itself unless GOTOOLCHAIN forbids it."""

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where the programs of packages are, on nodes that run containers too."""
MACHINE_FOLDERS = ("/run", "/var/lib", "/var/log")
"""What nodes that run containers have of their own."""
CONTAINER_PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "containernetworking-plugins": "/usr/lib/cni/ptp",
    "iptables": "iptables",
    "ipset": "ipset",
    "iproute2": "ip",
    "slirp4netns": "slirp4netns",
    "busybox-static": "busybox",
}
"""A package for each program that nodes which run containers have from the machine."""


def check_platform() -> None:
    """Raise SandboxError unless this is Linux, whose /proc and process signals the sandbox uses."""
    if sys.platform != "linux":
        raise SandboxError(f"the sandbox runs on Linux, not on {sys.platform}: use a Linux machine")


def check_containers(home: Path) -> None:
    """Raise SandboxError, in one line, unless nodes of the sandbox at `home` can run containers."""
    if os.geteuid() != 0:
        raise SandboxError("nodes that run containers need root: use `--nodes simulated`")
    for folder in MACHINE_FOLDERS:
        if home.is_relative_to(folder):
            raise SandboxError(
                f"SANDBOX_HOME is {home}: nodes that run containers have a {folder} of their own"
            )
    if packages := missing(CONTAINER_PACKAGES):
        raise SandboxError(
            "nodes that run containers need these packages, as Debian names them: "
            f"apt-get install {' '.join(packages)}"
        )


def missing(packages: Mapping[str, str]) -> list[str]:
    """Those of the packages whose program is not there, whichever package it may come from."""
    return [
        package
        for package, program in packages.items()
        if shutil.which(program, path=SYSTEM_PATH) is None
    ]


def check_go() -> None:
    """Raise SandboxError, in one line, unless a `go` that can build the tools is on PATH."""
    if shutil.which("go") is None:
        raise SandboxError(
            "go is missing, which builds what can't be downloaded: install Go "
            f"{GO_MINIMUM} or newer (https://go.dev/dl/) and run this again"
        )
    answer = subprocess.run(
        ["go", "env", "-json", "GOVERSION", "GOTOOLCHAIN"],
        capture_output=True,
        text=True,
        check=True,
    )
    go = json.loads(answer.stdout)
    release = re.match(r"go(\d+\.\d+(\.\d+)?)", go["GOVERSION"])
    if release is None:  # a development version of go
        return
    version = Version(release[1])
    switches = go["GOTOOLCHAIN"] != "local" and version >= _TOOLCHAIN_SWITCHING
    if version < GO_MINIMUM and not switches:
        raise SandboxError(
            f"go {version} is too old: install Go {GO_MINIMUM} or newer (https://go.dev/dl/) "
            "and run this again"
        )
