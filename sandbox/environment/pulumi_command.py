"""Running the sandbox's pulumi."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.paths import TOOLS_BIN


def pulumi(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run pulumi in `folder`; raises SandboxError with its own words where it fails."""
    answer = subprocess.run(
        [TOOLS_BIN / "pulumi", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if answer.returncode != 0:
        words = (answer.stderr or answer.stdout).strip()
        raise SandboxError(f"pulumi {' '.join(arguments)} failed: {words}")
