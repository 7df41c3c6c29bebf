"""Runs git for the tools."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(*arguments: str, folder: Path) -> str | None:
    """Returns the output of git, or None if git fails or is not installed."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def committed(file: Path) -> str | None:
    """Returns a file's contents in the last commit, or None if the commit does not have it."""
    return git("show", f"HEAD:./{file.name}", folder=file.parent)
