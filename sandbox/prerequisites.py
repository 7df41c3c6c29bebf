"""What must be on the machine for the sandbox, and for building its tools."""

import json
import re
import shutil
import subprocess
import sys

from packaging.version import Version

from sandbox.errors import SandboxError
from sandbox.tools import GO_MINIMUM

_TOOLCHAIN_SWITCHING = Version("1.21")
"""From here on, go fetches a newer tool chain itself unless GOTOOLCHAIN forbids it."""


def check_platform() -> None:
    """Raise SandboxError unless this is Linux, whose /proc and process signals the sandbox uses."""
    if sys.platform != "linux":
        raise SandboxError(f"the sandbox runs on Linux, not on {sys.platform}: use a Linux machine")


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
