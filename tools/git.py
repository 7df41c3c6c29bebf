"""Asking git for a tool."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(*arguments: str, folder: Path) -> str | None:
    """What git prints; None where it knows of no such thing, or is not there."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def committed(file: Path) -> str | None:
    """A file's contents in the last commit; None if it is in no commit."""
    return git("show", f"HEAD:./{file.name}", folder=file.parent)
