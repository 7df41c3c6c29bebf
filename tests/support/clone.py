"""A copy of the whole project, for what users do in their clone."""

import shutil
import sys
from pathlib import Path

from sandbox.paths import ROOT

IGNORED = (".git", ".venv", ".sandbox", "__pycache__", ".*_cache")


def copy_clone(folder: Path) -> Path:
    """Copy the working tree to `folder`, with this process's Python packages, without tools."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*IGNORED))
    (folder / ".venv").mkdir()
    for part in Path(sys.prefix).iterdir():
        if not part.name.endswith("-ready"):
            (folder / ".venv" / part.name).symlink_to(part)
    for ready in ("sandbox-ready", "tools-ready"):
        (folder / ".venv" / ready).touch()
    return folder
