"""The commands in README.md and docs/: those in fences of the language `bash`.

A fence is run by tests/integration/test_documents.py, unless the line above it says otherwise:

    <!-- run by tests/integration/test_rich_stack.py -->
    <!-- not run: an account at Exoscale -->
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?"
    r"^(?P<indent> *)```(?P<language>[^\n]*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Fence:
    """What stands between two lines of backticks."""

    page: str
    """Its path in the clone."""

    language: str
    text: str
    mark: str
    """The comment on the line above; empty if there is none."""


def pages() -> list[Path]:
    """README.md and the pages in docs/, in the order in which it names them."""
    linked = re.findall(r"\((docs/[\w-]+\.md)\)", README.read_text())
    return [README, *(ROOT / each for each in dict.fromkeys(linked))]


def fences(page: Path) -> list[Fence]:
    """All fences of the page, of any language."""
    return [
        Fence(
            page=str(page.relative_to(ROOT)),
            language=match["language"],
            text=re.sub(f"^{match['indent']}", "", match["text"], flags=re.MULTILINE),
            mark=match["mark"] or "",
        )
        for match in FENCE.finditer(page.read_text())
    ]


def commands(page: Path) -> str:
    """The commands of the page that a test runs as they stand there."""
    return "".join(
        fence.text for fence in fences(page) if fence.language == "bash" and not fence.mark
    )
