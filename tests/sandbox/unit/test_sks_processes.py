"""What a process is given, and what one that does not stay up says of itself."""

import time
from pathlib import Path

import pytest

from sandbox.sks import processes
from sandbox.sks.processes import Child, Command


def command(folder: Path, script: str) -> Command:
    return Command(
        name="sh",
        arguments=["/bin/sh", "-c", script],
        directory=folder,
        log=folder / "log",
        pid_file=folder / "sh.pid",
        environment={"MORE": "yes"},
    )


def failure(child: Child) -> str:
    child.start()
    deadline = time.monotonic() + 20
    while child.failure is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.stop()
    return child.failure


@pytest.fixture(autouse=True)
def few_deaths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_QUICK_DEATHS_ALLOWED", 1)


def test_a_failure_has_the_last_words_once(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("from an earlier run\n")
    assert failure(Child(command(tmp_path, "echo no such flag; exit 3"))) == (
        "sh ended with status 3 2 times in a row:\nno such flag"
    )


def test_it_has_the_environment_without_proxies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "no_proxy")
    for name in (*names, "OTHER"):
        monkeypatch.setenv(name, "http://proxy.example")
    failure(Child(command(tmp_path, "env; exit 1")))
    lines = (tmp_path / "log").read_text().splitlines()
    assert "OTHER=http://proxy.example" in lines
    assert "MORE=yes" in lines
    assert not [line for line in lines if "proxy" in line.partition("=")[0].lower()]
