"""Checks the machine's prerequisites for the sandbox and for builds of its tools."""

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
"""Since this version, Go downloads a newer toolchain itself unless GOTOOLCHAIN forbids it."""

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""PATH with the folders of programs from packages; also used on nodes that run containers."""
MACHINE_FOLDERS = ("/run", "/var/lib", "/var/log")
"""Folders that nodes that run containers don't share with the machine."""
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
"""Debian packages that nodes that run containers need, with a program of each package."""


def check_platform() -> None:
    """Checks that this is Linux, because the sandbox uses its /proc and process signals.

    Raises:
        SandboxError: on another platform.
    """
    if sys.platform != "linux":
        raise SandboxError(f"the sandbox runs on Linux, not on {sys.platform}: use a Linux machine")


def check_containers(home: Path) -> None:
    """Checks that nodes of the sandbox at `home` can run containers.

    Raises:
        SandboxError: if they can't, with a message of one line.
    """
    if os.geteuid() != 0:
        raise SandboxError("nodes that run containers need root: use `--nodes simulated`")
    for folder in MACHINE_FOLDERS:
        if home.is_relative_to(folder):
            raise SandboxError(
                f"SANDBOX_HOME is {home}: nodes that run containers have a {folder} of their own"
            )
    if packages := missing_packages(CONTAINER_PACKAGES):
        raise SandboxError(
            "nodes that run containers need these packages (names in Debian): "
            f"apt-get install {' '.join(packages)}"
        )


def missing_packages(packages: Mapping[str, str]) -> list[str]:
    """Returns the packages whose program is not on SYSTEM_PATH.

    Args:
        packages: a program of each package. It may also be installed from another package.
    """
    return [
        package
        for package, program in packages.items()
        if shutil.which(program, path=SYSTEM_PATH) is None
    ]


def check_go() -> None:
    """Checks that a `go` on PATH can build the tools.

    Raises:
        SandboxError: if there is none, with a message of one line.
    """
    if shutil.which("go") is None:
        raise SandboxError(
            "go is missing, which builds tools that can't be downloaded: install Go "
            f"{GO_MINIMUM} or newer (https://go.dev/dl/) and run the command again"
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
            "and run the command again"
        )
