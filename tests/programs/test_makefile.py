"""What `make` prints is what its targets print, whatever runs the tests: a URL, for instance."""

import subprocess

from sandbox.paths import ROOT


def test_nothing_is_told_of_folders() -> None:
    command = ["make", "--old-file=.venv/tools-ready", "smoke", "STACK="]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout == "usage: make smoke STACK=dev\n"
