"""The entry point of the PostgreSQL image; what it calls only writes down how it was called."""

import os
import subprocess
from pathlib import Path

import pytest

from sandbox.images.images import POSTGRESQL

PROGRAM = """#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$0" in
  */initdb) cat "${2#--pwfile=}" > "$PGDATA/password"; echo 15 > "$PGDATA/PG_VERSION" ;;
esac
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("initdb", "pg_ctl", "createdb", "postgres", "pg_dump"):
        (programs / name).write_text(PROGRAM)
        (programs / name).chmod(0o755)
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "PGDATA": str(tmp_path / "pgdata"),
        "POSTGRES_USER": "app",
        "POSTGRES_PASSWORD": "pg-is-hush",
    }


def start(environment: dict[str, str], *command: str) -> list[str]:
    """What was called."""
    subprocess.run(["sh", POSTGRESQL, *command], env=environment, check=True)
    calls = Path(environment["CALLS"])
    lines = calls.read_text().splitlines()
    calls.unlink()
    return lines


def test_the_first_start_makes_the_database_and_later_ones_leave_it(
    environment: dict[str, str],
) -> None:
    data = Path(environment["PGDATA"])

    first = start(environment, "postgres")

    assert [line.split()[0] for line in first] == [
        *("initdb", "pg_ctl", "createdb", "pg_ctl", "postgres")
    ]
    assert first[2].endswith(" app")
    assert (data / "password").read_text() == "pg-is-hush\n"
    assert not [line for line in first if "hush" in line]
    assert "scram-sha-256" in (data / "pg_hba.conf").read_text()

    data.chmod(0o770)  # kubelet did
    assert start(environment, "postgres") == ["postgres "]
    assert data.stat().st_mode & 0o777 == 0o700


def test_the_database_has_its_own_name(environment: dict[str, str]) -> None:
    assert start({**environment, "POSTGRES_DB": "shop"}, "postgres")[2].endswith(" shop")


def test_other_commands_are_run_as_they_are(environment: dict[str, str]) -> None:
    assert start(environment, "pg_dump", "--version") == ["pg_dump --version"]


def test_a_password_is_required(environment: dict[str, str]) -> None:
    del environment["POSTGRES_PASSWORD"]
    answer = subprocess.run(
        ["sh", POSTGRESQL, "postgres"], env=environment, capture_output=True, text=True
    )
    assert answer.returncode != 0
    assert "POSTGRES_PASSWORD: is required" in answer.stderr
