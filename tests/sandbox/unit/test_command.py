"""How `exec` starts its command."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.__main__ import _start


@pytest.fixture
def ignored_signals() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("ignored_signals")
def test_a_command_has_the_default_signals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.environ["PATH"])
    seen = tmp_path / "status"
    command = ["sh", "-c", f"exec cat /proc/self/status > {seen}"]
    assert _start(command, dict(os.environ)).wait() == 0
    line = next(line for line in seen.read_text().splitlines() if line.startswith("SigIgn:"))
    ignored = int(line.split()[1], 16)
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE):
        assert not ignored & 1 << number - 1, number.name
