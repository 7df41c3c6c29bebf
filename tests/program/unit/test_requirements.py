"""The locked requirements are those that are asked for, and every file of them has its hash."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
NAMES = ("requirements", "sandbox/requirements", "tools/requirements", "requirements-dev")
FILES = (*NAMES, "sandbox/images/requirements")
PARTS = {
    *("annotated-types", "googleapis-common-protos", "grpcio", "protobuf", "pydantic-core"),
    "werkzeug",
}
"""Packages that are of a piece with Pulumi's, with pydantic and with Flask."""
DEMO = ROOT / "sandbox" / "demo"
"""It runs in images, which have Debian's packages, and in tests: the sandbox does not import it."""

IMPORT = re.compile(r"^ *(?:from|import) +([A-Za-z_]\w*)", re.MULTILINE)
"""A line that imports a package, or that looks so. A line has one: ruff's E401."""

LOCKED = re.compile(r"(?P<requirement>[^\\]+?) \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+")


def asked(name: str) -> dict[str, str]:
    """The requirements that `name`.in asks for: their versions by their names."""
    lines = (ROOT / f"{name}.in").read_text().splitlines()
    return pins(line for line in lines if not line.startswith("#"))


def locked(name: str) -> dict[str, str]:
    """The requirements of `name`.txt; nothing else may stand there but hashes and comments."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / f"{name}.txt").read_text(), flags=re.MULTILINE)
    assert LOCKED.sub("", text) == ""
    return pins(match["requirement"] for match in LOCKED.finditer(text))


RANGES = {
    each.name: each
    for each in map(
        Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    )
}
"""What the package `exoscale_webapp` asks for."""


def pins(lines: Iterable[str]) -> dict[str, str]:
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(each.name): str(each.specifier) for each in requirements}


@pytest.mark.parametrize("name", FILES)
def test_what_is_asked_for_is_pinned(name: str) -> None:
    assert all(re.fullmatch(r"==[^*,]+", version) for version in asked(name).values())


@pytest.mark.parametrize("name", FILES)
def test_what_is_asked_for_is_locked(name: str) -> None:
    assert asked(name).items() <= locked(name).items(), "stale: make lock"


@pytest.mark.parametrize("name", FILES)
def test_what_is_asked_for_no_more_is_not_locked(name: str) -> None:
    """Each locked requirement names what asks for it."""
    text = (ROOT / f"{name}.txt").read_text()
    entries = re.findall(r"^(\S+)==.*\n(?: +--hash.*\n)+((?: +#.*\n)+)", text, re.MULTILINE)
    direct = {each for each, via in entries if f"-r {name}.in\n" in via}
    assert direct == set(asked(name)), "stale: make lock"
    assert {each for each, _ in entries} == set(locked(name))


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (("components", "stack", "policies", "docs", "__main__.py"), NAMES[:1]),
        (("sandbox",), NAMES[:2]),
        (("tools",), (NAMES[0], NAMES[2])),
        (("sandbox/demo", "tests"), NAMES),
    ],
)
def test_what_is_imported_is_asked_for(folders: Sequence[str], names: Sequence[str]) -> None:
    packages = {canonicalize_name(each) for folder in folders for each in imported(ROOT / folder)}
    assert packages - PARTS <= {package for name in names for package in asked(name)}


def imported(code: Path) -> Iterator[str]:
    """The packages of what the code imports."""
    for file in [code] if code.is_file() else code.rglob("*.py"):
        if DEMO in file.parents and code != DEMO:
            continue
        for name in IMPORT.findall(file.read_text()):
            yield from distributions().get(name, ())


distributions = cache(packages_distributions)


def test_a_package_has_one_version_in_all_files() -> None:
    together: dict[str, str] = {}
    for name in FILES:
        for package, version in locked(name).items():
            assert together.setdefault(package, version) == version, package


def test_the_package_asks_for_what_it_imports() -> None:
    packages = {canonicalize_name(each) for each in imported(ROOT / "components")}
    assert packages - PARTS == {canonicalize_name(name) for name in RANGES}


@pytest.mark.parametrize("name", RANGES)
def test_what_is_tested_is_within_the_packages_ranges(name: str) -> None:
    pinned = asked(NAMES[0])[canonicalize_name(name)].removeprefix("==")
    assert RANGES[name].specifier.contains(pinned)
