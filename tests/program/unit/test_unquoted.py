"""Numbers without quotes are found before Pulumi reads the file, and after it has written it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from components.args.types import IN_QUOTES
from stack.stack_file import values
from stack.unquoted import REWRITTEN
from tools.unquoted import main

HEAD = "config:\n  webapp:apps:\n    - name: web\n      environment:\n"
NUMBERS = {
    "PHONE": "+41791234567",
    "COMMIT": "72225e2",
    "ACCOUNT": "12345678901234567890",
    "AGENT": "007",
    "MODE": "0022",
    "VERSION": "1.10",
    "LATE": "08",
    "BINARY": "0b11",
    "THOUSAND": "1_000",
    "HALF": "-.5",
}
REWRITES = {
    "PHONE": "41791234567",
    "COMMIT": "7222500",
    "ACCOUNT": "1.2345678901234567e+19",
    "AGENT": "7",
    "MODE": "18",
    "VERSION": "1.1",
    "LATE": "8",
    "BINARY": "3",
    "THOUSAND": "1000",
    "HALF": "-0.5",
}
"""What `pulumi stack init` (3.259) makes of them."""

TEXT = {"A": "4", "B": '"0022"', "C": "'1.10'", "D": "1:30", "E": "10.0.0.1", "F": "yes"}
TEXT |= {"G": "!!str 0022", "H": "v1", "I": "true", "J": "-x", "K": "0x", "L": "9007199254740992"}


def file_of(variables: dict[str, str]) -> str:
    return HEAD + "".join(f"        {key}: {value}\n" for key, value in variables.items())


def line(name: str, allowed: str) -> str:
    return f"  Pulumi.dev.yaml: apps[0].environment.{name}: {allowed}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project in git."""
    (tmp_path / "Pulumi.yaml").write_text("name: webapp\n")
    for command in ("init", "config user.name a", "config user.email a@example.org"):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def write(folder: Path, variables: dict[str, str], *, commit: bool = False) -> None:
    (folder / "Pulumi.dev.yaml").write_text(file_of(variables))
    if commit:
        for command in ("add --all", "commit --quiet --message=a"):
            subprocess.run(["git", *command.split()], cwd=folder, check=True)


def told(folder: Path, capsys: pytest.CaptureFixture[str], *stacks: str) -> list[str]:
    """The lines of the refusal."""
    code = main(stacks, folder)
    first, *lines = capsys.readouterr().err.splitlines() or [""]
    assert (code, first) in ((0, ""), (1, "unquoted: quote these values:"))
    return lines


def test_each_is_named_whether_or_not_it_is_committed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = [line(name, IN_QUOTES) for name in NUMBERS]
    write(folder, NUMBERS)
    assert told(folder, capsys, "dev") == expected
    write(folder, NUMBERS, commit=True)
    assert told(folder, capsys) == expected


def test_what_pulumi_has_rewritten_since_the_commit_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, NUMBERS, commit=True)
    write(folder, REWRITES)
    assert sorted(told(folder, capsys)) == sorted(line(name, REWRITTEN) for name in NUMBERS)


def test_of_what_was_rewritten_before_the_commit_floats_and_lost_digits_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, REWRITES, commit=True)
    found = told(folder, capsys)
    assert found == [line(name, IN_QUOTES) for name in ("ACCOUNT", "VERSION", "HALF")]


def test_what_is_right_or_has_been_put_right_is_not_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, NUMBERS, commit=True)
    write(folder, {name: f'"{number}"' for name, number in NUMBERS.items()} | TEXT)
    assert told(folder, capsys) == []
    write(folder, {"MODE": "19", "OTHER": "5"})
    assert told(folder, capsys) == []


def test_numbers_where_numbers_belong_are_not_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = HEAD.replace("environment:\n", "replicas: 02\n      port: 8_080\n")
    (folder / "Pulumi.dev.yaml").write_text(text)
    assert told(folder, capsys) == []


def test_without_git_the_file_itself_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: webapp\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    write(tmp_path, {"MODE": "0022"})
    assert told(tmp_path, capsys) == [line("MODE", IN_QUOTES)]


def test_a_file_that_is_no_yaml_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "Pulumi.dev.yaml").write_text("config: [\n")
    assert main((), folder) == 1
    assert capsys.readouterr().err.startswith("unquoted: Pulumi.dev.yaml: line 2, column 1: ")


def test_a_commit_whose_file_is_no_yaml_is_no_hindrance(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "Pulumi.dev.yaml").write_text("config: [\n")
    for command in ("add .", "commit -qm Broken"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)
    write(folder, {"MODE": "0022"})
    assert told(folder, capsys) == [line("MODE", IN_QUOTES)]


def test_scalars_are_read_as_pulumi_reads_them() -> None:
    """Seen with Pulumi 3.259: JSON has no difference between 1.0 and 1."""
    (app,) = values(file_of(NUMBERS | TEXT | {"M": "~", "N": "2026-01-01"}), "webapp")["apps"]
    assert app["environment"] == {
        **{"PHONE": 41791234567, "COMMIT": 7222500, "ACCOUNT": 12345678901234567890},
        **{"AGENT": 7, "MODE": 18, "VERSION": 1.1, "LATE": 8, "BINARY": 3, "THOUSAND": 1000},
        **{"HALF": -0.5, "A": 4, "B": "0022", "C": "1.10", "D": "1:30", "E": "10.0.0.1"},
        **{"F": "yes", "G": "0022", "H": "v1", "I": True, "J": "-x", "K": "0x"},
        **{"L": 2**53, "M": None, "N": "2026-01-01 00:00:00 +0000 UTC"},
    }
