"""The program ends without a traceback when the engine interrupts it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, runpy, signal
import pulumi

pulumi.require_pulumi_version = lambda _: os.kill(os.getpid(), signal.SIGINT)
runpy.run_path("__main__.py")
"""


def test_an_interrupted_program_says_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
