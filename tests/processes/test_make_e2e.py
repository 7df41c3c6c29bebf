"""`make e2e` where nodes can run no containers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("values", "code"), [([], 2), (["SKIP=1"], 0)])
def test_it_says_why_not_and_is_well_only_where_asked_to_skip(
    tmp_path: Path, values: list[str], code: int
) -> None:
    someone = tmp_path / "id"
    someone.write_text("#!/bin/sh\necho 1000\n")
    someone.chmod(0o755)
    answer = subprocess.run(
        ["make", "--silent", "e2e", *values],
        cwd=ROOT,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == code
    assert answer.stdout.startswith("make e2e requires root on Debian")
    assert answer.stdout.count("\n") == 1
