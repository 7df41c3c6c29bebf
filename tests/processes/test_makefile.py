"""What `make` prints is what its targets print, whatever runs the tests: a URL, for instance."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from sandbox.paths import ROOT


def test_nothing_is_told_of_folders() -> None:
    command = ["make", "--old-file=.venv/tools-ready", "smoke", "STACK="]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout == "usage: make smoke STACK=dev\n"


TARGETS = {
    "previews": ("STACKS", "OUT"),
    "deploy": ("STACK", "FLAGS"),
    "smoke": ("STACK", "FLAGS"),
    "promote": ("FROM", "TO"),
    "promoted": ("FROM", "TO"),
    "rollback": ("STACK", "TO", "FLAGS"),
    "refresh": ("STACK", "FLAGS"),
    "schedules": ("STACK",),
    "drift": ("STACKS", "OUT"),
    "renew": ("STACK",),
    "leftovers": ("STACK",),
    "unquoted": ("STACKS",),
    "new-stack": ("NAME", "FROM", "SECRETS_PROVIDER"),
    "run": ("STACK", "APP", "CMD", "DETACH"),
    "shell": ("STACK", "APP", "CMD"),
    "run-stop": ("STACK", "APP", "RUN"),
    "logs": ("STACK", "APP", "SINCE", "WORKER", "RUN", "FOLLOW"),
    "ps": ("STACK", "APP"),
    "events": ("STACK", "APP"),
    "backup": ("STACK", "APP", "KEEP"),
    "backups": ("STACK", "APP"),
    "restore": ("STACK", "BACKUP"),
    "review": ("PR", "FROM", "IMAGE", "OUT"),
    "review-down": ("PR", "FROM"),
    "review-sweep": ("OPEN", "FROM"),
    "e2e-here": ("TESTS",),
    "test-sandbox": ("PLUGINS",),
    "test-all": ("PLUGINS", "TESTS"),
}
"""Those that take values, of workflows too."""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("value", ["a; touch made", 'a"; touch made; "', "a`touch made`"])
def test_no_value_is_run(target: str, value: str, tmp_path: Path) -> None:
    """The programs that get them are stand-ins."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "pulumi", "git"):
        (programs / name).write_text("#!/bin/sh\necho ran >> ran\n")
        (programs / name).chmod(0o755)
    for file in ("requirements", "tools/requirements", "sandbox/requirements", "requirements-dev"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / f"{file}.txt").touch()
    for ready in ("tools-ready", "sandbox-ready", "dev-ready"):
        (tmp_path / ".venv" / ready).touch()

    values = [f"{name}={value}" for name in TARGETS[target]]
    path = f"{programs}:{os.environ['PATH']}"
    subprocess.run(
        ["make", target, *values], cwd=tmp_path, env={**os.environ, "PATH": path}, check=True
    )
    assert (tmp_path / "ran").exists()
    assert not (tmp_path / "made").exists()


def test_a_command_gets_the_signal_that_ends_make(tmp_path: Path) -> None:
    """So that it can delete its pod: a shell in between would end alone."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    program = tmp_path / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(
        "#!/bin/sh\ntrap 'echo deleted; exit 143' TERM\necho runs\nsleep 60 & wait\n"
    )
    program.chmod(0o755)
    command = ["make", "--old-file=.venv/tools-ready", "run", "STACK=dev", "APP=shop", "CMD=true"]
    (tmp_path / ".venv" / "tools-ready").touch()
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "runs\n"
        process.terminate()
        assert process.stdout.readline() == "deleted\n"
        os.killpg(process.pid, signal.SIGKILL)


def test_the_targets_are_those_that_take_values() -> None:
    makefile = (ROOT / "Makefile").read_text()
    usages = re.findall(r"usage: make (\S+) ", makefile)
    others = ("promote", "promoted", "unquoted", "e2e-here", "test-sandbox", "test-all")
    assert set(TARGETS) == {*usages, *others} - {"$@"}
