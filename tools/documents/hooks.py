"""Writes the table of hooks in `CONTRIBUTING.md`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.documents.written import FOLDER, with_table

ROOT = FOLDER.parent
PAGE = ROOT / "CONTRIBUTING.md"
CREATES_HOOKS = re.compile(r"\b(ResourceHook|ErrorHook|before_update)\(")
DEFINES_THEM = ROOT / "components" / "lifecycle" / "before_update.py"
SOURCES = re.compile(r"Sources?: (.*)", re.DOTALL)


def page() -> str:
    """Returns the content of the page with a new table."""
    head = "| module | what its hook does | source |\n|---|---|---|\n"
    return with_table(PAGE, head + "".join(map(_row, _modules())))


def _modules() -> Iterator[Path]:
    """Yields the modules that create hooks."""
    for folder in ("components", "stack"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if file != DEFINES_THEM and CREATES_HOOKS.search(file.read_text()):
                yield file


def _row(module: Path) -> str:
    text = " ".join((ast.get_docstring(ast.parse(module.read_text())) or "").split())
    found = SOURCES.search(text)
    summary = re.split(r"\.(?: |$)", text)[0]
    source = found[1].rstrip(".") if found else ""
    return f"| `{module.relative_to(ROOT)}` | {summary} | {source.replace('`', '')} |\n"
