"""An older CLI than the tests run with is refused, in one line; the documents name the same."""

from __future__ import annotations

import atexit
import gc
import re
import runpy
import signal
from pathlib import Path

import pulumi
import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from sandbox.toolchain.tools import TOOLS

ROOT = Path(__file__).parents[3]
LEAST, FIRST_OTHER = re.search(  # type: ignore[union-attr]
    r'^CLI = ">=(\S+) <(\S+)"$', (ROOT / "__main__.py").read_text(), re.MULTILINE
).groups()
(TOOL,) = (tool for tool in TOOLS if tool.name == "pulumi")


def test_another_cli_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    told = f'Pulumi CLI version 3.1.0 does not satisfy the version range ">={LEAST} <{FIRST_OTHER}"'

    def refuse(allowed: str) -> None:
        assert allowed == f">={LEAST} <{FIRST_OTHER}"
        raise Exception(told)

    monkeypatch.setattr(pulumi, "require_pulumi_version", refuse)
    monkeypatch.setattr(gc, "disable", lambda: None)
    monkeypatch.setattr(atexit, "register", lambda *_: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(pulumi.RunError, match=re.escape(f"{told}: https://")) as caught:
        runpy.run_path(str(ROOT / "__main__.py"))
    assert "\n" not in str(caught.value)


def test_the_sandbox_takes_the_same() -> None:
    assert Version(LEAST) <= Version(TOOL.version)
    assert TOOL.suitable == SpecifierSet(f">={LEAST},<{FIRST_OTHER}")


def test_it_is_no_older_than_the_sdk() -> None:
    sdk = re.search(r"^pulumi==(\S+)$", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    assert sdk
    assert Version(LEAST) >= Version(sdk[1])


@pytest.mark.parametrize(
    "page", ["README.md", "docs/getting-started.md", "docs/environments-and-ci.md"]
)
def test_the_documents_name_it(page: str) -> None:
    named = re.findall(r"(\S+) or newer", (ROOT / page).read_text())
    assert [each for each in named if each.count(".") == 2] == [LEAST]
