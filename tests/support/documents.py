"""What README.md and the other pages say: commands, and links to each other.

Commands are in fences of the language `bash`. A fence is run by
tests/program/integration/test_documents.py, unless the line above it says otherwise:

    <!-- run by tests/program/integration/test_rich_stack.py -->
    <!-- not run: an account at Exoscale -->
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
FENCE = re.compile(
    r"(?:^ *<!-- (?P<mark>[^\n]*) -->\n)?"
    r"^(?P<indent> *)```(?P<language>[^\n]*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)

LINK = re.compile(r"\]\((?!\w+://)([^)#\s]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Fence:
    """What stands between two lines of backticks."""

    page: str
    """Its path in the clone."""

    language: str
    text: str
    mark: str
    """The comment on the line above; empty if there is none."""

    heading: str
    """The last one above it."""


def pages() -> list[Path]:
    """README.md and the pages in docs/, in the order in which it names them."""
    linked = re.findall(r"\((docs/[\w-]+\.md)\)", README.read_text())
    return [README, *(ROOT / each for each in dict.fromkeys(linked))]


def fences(page: Path) -> list[Fence]:
    """All fences of the page, of any language."""
    text = page.read_text()
    return [
        Fence(
            page=str(page.relative_to(ROOT)),
            language=match["language"],
            text=re.sub(f"^{match['indent']}", "", match["text"], flags=re.MULTILINE),
            mark=match["mark"] or "",
            heading=HEADING.findall(FENCE.sub("", text[: match.start()]))[-1],
        )
        for match in FENCE.finditer(text)
    ]


def commands(page: Path) -> str:
    """The commands of the page that a test runs as they stand there."""
    return "".join(
        fence.text for fence in fences(page) if fence.language == "bash" and not fence.mark
    )


def commands_under(page: Path, heading: str) -> str:
    """The commands below a heading of the page that a test of its own runs as they stand there."""
    return "".join(
        fence.text
        for fence in fences(page)
        if fence.heading == heading and fence.mark.startswith("run by ")
    )


def documents() -> list[Path]:
    """All pages, those of the sandbox too."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("sandbox/**/*.md")])


def links(page: Path) -> list[tuple[Path, str]]:
    """The files that the page links to, each with its anchor, if it has one."""
    return [
        (page.parent / target if target else page, anchor)
        for target, anchor in LINK.findall(FENCE.sub("", page.read_text()))
    ]


def anchors(page: Path) -> set[str]:
    """The anchors of the page's headings, as GitHub makes them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
