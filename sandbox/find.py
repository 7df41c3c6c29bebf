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
    """A program on PATH; `unsuitable` says why it can't be used, None if it can."""

    path: Path
    version: Version | None = None
    unsuitable: str | None = None


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
    if version is not None and version in tool.suitable:
        return Found(Path(program), version)
    return Found(
        Path(program), version, f"is {version or 'of an unknown version'}, not {tool.suitable}"
    )


def find_beside(tool: Tool, main: Path) -> Found | None:
    """Return the tool in the folder of the program `main`, None if it is not there."""
    program = shutil.which(tool.name, path=str(main.parent))
    return None if program is None else Found(Path(program))


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
