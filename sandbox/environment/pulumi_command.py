"""Runs the sandbox's pulumi."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.paths import TOOLS_BIN


def pulumi(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Runs pulumi with `arguments` in `folder`.

    Raises:
        SandboxError: if it fails, with its output.
    """
    answer = subprocess.run(
        [TOOLS_BIN / "pulumi", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if answer.returncode != 0:
        output = (answer.stderr or answer.stdout).strip()
        raise SandboxError(f"pulumi {' '.join(arguments)} failed: {output}")
