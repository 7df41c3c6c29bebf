"""What a process that does not stay up says of itself."""

import time
from pathlib import Path

import pytest

from sandbox.sks import processes
from sandbox.sks.processes import Child, Command


def test_a_failure_has_the_last_words_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_QUICK_DEATHS_ALLOWED", 1)
    (tmp_path / "log").write_text("from an earlier run\n")
    child = Child(
        Command(
            name="sh",
            arguments=["/bin/sh", "-c", "echo no such flag; exit 3"],
            directory=tmp_path,
            log=tmp_path / "log",
            pid_file=tmp_path / "sh.pid",
        )
    )
    child.start()
    deadline = time.monotonic() + 20
    while child.failure is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.stop()
    assert child.failure == "sh ended with status 3 2 times in a row:\nno such flag"
