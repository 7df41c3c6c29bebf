"""Finding a tool of a suitable version on PATH."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from sandbox.tools import Tool, version_in

ASK_SECONDS = 20
"""How long a program may take to print its version."""


@dataclass(frozen=True)
class Found:
    """A program on PATH, and whether it can be used."""

    path: Path
    version: Version | None
    suitable: bool


def search_path(without: Path) -> str:
    """Return PATH with neither the folder `without` nor relative folders."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(f for f in folders if Path(f).is_absolute() and Path(f) != without)


def find(tool: Tool, path: str) -> Found | None:
    """Return the first program of the tool's name on `path` (as PATH), None if there is none."""
    program = shutil.which(tool.name, path=path)
    if program is None:
        return None
    version = version_of(tool, Path(program))
    return Found(Path(program), version, version is not None and version in tool.suitable)


def find_beside(tool: Tool, main: Path) -> Found | None:
    """Return the tool in the folder of the program `main`, links followed; None if not there."""
    for folder in (main.parent, main.resolve().parent):
        program = shutil.which(tool.name, path=str(folder))
        if program is not None:
            return Found(Path(program), None, True)
    return None


def version_of(tool: Tool, program: Path) -> Version | None:
    """Ask a program for its version; None if it does not run or names no version."""
    try:
        answer = subprocess.run(
            [program, *tool.version_arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASK_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return version_in(answer.stdout)
