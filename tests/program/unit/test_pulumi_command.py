"""A tool waits for the pulumi that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tools.stacks import ROOT

PULUMI = f"""#!{sys.executable}
import signal, sys

signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGINT}})
print("ready", flush=True)
signal.sigwait({{signal.SIGINT}})
print("ended", flush=True)
sys.exit(3)
"""
TOOL = """
from pathlib import Path
from tools.pulumi_command import run_pulumi_in_foreground
print(run_pulumi_in_foreground("up", folder=Path()))
"""


def test_ctrl_c_ends_pulumi_by_itself(tmp_path: Path) -> None:
    program = tmp_path / "pulumi"
    program.write_text(PULUMI)
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    tool = subprocess.Popen(
        [sys.executable, "-c", TOOL],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert tool.stdout
    assert tool.stdout.readline() == "ready\n"
    os.killpg(tool.pid, signal.SIGINT)
    told, _ = tool.communicate(timeout=10)
    assert told == "ended\n3\n"
