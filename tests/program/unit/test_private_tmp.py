"""A folder of temporary files that a command has to itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tools.private_tmp import main

ROOT = Path(__file__).parents[3]


@contextmanager
def started(outer: Path, script: str) -> Iterator[subprocess.Popen[str]]:
    """The tool with a shell script, where temporary files are in `outer`; a process group."""
    with subprocess.Popen(
        [sys.executable, "-m", "tools.private_tmp", "sh", "-c", script],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(outer)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        yield process


@pytest.mark.parametrize(("end", "code"), [("exit 7", 7), ("kill -9 $$", 137), ("true", 0)])
def test_it_is_gone_with_the_command(tmp_path: Path, end: str, code: int) -> None:
    script = f'stat --format %a "$TMPDIR"; dirname "$TMPDIR"; touch "$TMPDIR/left"; {end}'
    with started(tmp_path, script) as process:
        told, _ = process.communicate(timeout=60)
    assert told.splitlines() == ["700", str(tmp_path)]
    assert process.returncode == code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_the_commands_to_answer(tmp_path: Path, number: signal.Signals) -> None:
    """It comes from a terminal (SIGINT, to all), or from who started the tool (SIGTERM)."""
    script = 'touch "$TMPDIR/left"; trap "kill $!; exit 3" INT TERM; echo ready; sleep 20 & wait'
    with started(tmp_path, script) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        assert process.wait(timeout=60) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_signal_is_passed_on_to_a_command_that_is_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = subprocess.Popen

    def interrupted(*arguments: Any, **options: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return start(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert main(["sleep", "20"]) == 128 + signal.SIGTERM
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.private_tmp", "no-such-program"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    told = "no-such-program is not on PATH: see docs/getting-started.md\n"
    assert (done.returncode, done.stderr) == (127, told)
    assert list(tmp_path.iterdir()) == []
