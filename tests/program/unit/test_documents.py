"""Each command in README.md and docs/ is run by a test, or says why not. Links lead somewhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.documents import ROOT, Fence, anchors, commands, documents, fences, links, pages

LANGUAGES = {"", "bash", "mermaid", "yaml"}
PROGRAMS = ("docs/components.md", "python")
"""Run by tests/program/integration/test_package.py."""

PROGRAM = re.compile(
    r"^\W*(sudo |\S*/)?(bash|cd|curl|docker|exo|export|git|go|helm|kubectl|make|pip|pulumi|python3?"
    r"|sandbox) ",
    re.MULTILINE,
)
FENCES = [fence for page in pages() for fence in fences(page)]
STATE = "docs/state-and-secrets.md"
COMMANDS = [fence for fence in FENCES if fence.language == "bash"]


def name(fence: Fence) -> str:
    return f"{fence.page}:{fence.text.partition(' ')[0]}"


def test_every_page_is_named_by_the_first() -> None:
    assert {page.name for page in (ROOT / "docs").glob("*.md")} == {
        page.name for page in pages() if page.parent.name == "docs"
    }


@pytest.mark.parametrize("fence", FENCES, ids=name)
def test_commands_are_marked_as_such(fence: Fence) -> None:
    """What is in a fence of another language is run by nothing."""
    assert fence.language in LANGUAGES or (fence.page, fence.language) == PROGRAMS
    if fence.language == "":
        assert not PROGRAM.search(fence.text), "a command: ```bash"


@pytest.mark.parametrize("fence", COMMANDS, ids=name)
def test_a_command_is_one(fence: Fence) -> None:
    subprocess.run(["bash", "-n"], input=fence.text, text=True, check=True)


@pytest.mark.parametrize("fence", [each for each in COMMANDS if each.mark], ids=name)
def test_a_command_that_is_not_run_here_says_where_or_why(fence: Fence) -> None:
    where, why = re.fullmatch(r"run by (\S+)|not run: (.+)", fence.mark).groups()  # type: ignore[union-attr]
    assert why or (ROOT / where).is_file()


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_the_commands_below_a_heading_are_run_by_one_test(page: Path) -> None:
    """It runs all of them."""
    tests = {(each.heading, each.mark) for each in fences(page) if each.mark.startswith("run by ")}
    assert len(tests) == len({heading for heading, _ in tests})


@pytest.mark.parametrize("fence", [each for each in COMMANDS if each.page == STATE], ids=name)
def test_what_is_run_by_its_heading_is_run(fence: Fence) -> None:
    where = fence.mark.removeprefix("run by ")
    follows = re.compile(rf'\bfollow\(\w+, "{re.escape(fence.heading)}"\)')
    assert fence.mark.startswith("not run: ") or follows.search((ROOT / where).read_text())


def test_a_page_without_marks_is_run_whole() -> None:
    page = ROOT / "docs" / "getting-started.md"
    text = page.read_text()
    assert "<!--" not in text
    assert all(line in text for line in commands(page).splitlines())
    assert len(re.findall("^```bash$", text, re.MULTILINE)) == len(fences(page))


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in links(page):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), f"{target}#{anchor}"
