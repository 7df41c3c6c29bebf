"""A pulumi for tests of tools: it notes its use, and fails where it is to."""

from __future__ import annotations

from pathlib import Path

import pytest

HEAD = """#!/bin/sh
echo "$@" >> "$LOG"
"""
TAIL = """
case "$*" in *"$FAILS"*) echo "error: no passphrase" >&2; exit 255 ;; esac
"""


def clone_with_pulumi(answers: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of the project in `folder`, and on PATH a pulumi that answers so (in sh).

    It fails where its arguments contain FAILS; it notes them in LOG.
    """
    program = folder / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(HEAD + answers + TAIL)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("LOG", str(folder / "log"))
    monkeypatch.setenv("FAILS", "nothing")
    clone = folder / "clone"
    clone.mkdir()
    (clone / "Pulumi.yaml").write_text("name: webapp\n")
    return clone


def asked(clone: Path) -> list[str]:
    """What Pulumi was asked, without `--non-interactive`, which is always there."""
    log = clone.parent / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.removesuffix(" --non-interactive") for line in lines]
