"""Writes the table of rules in `docs/policies.md`."""

from __future__ import annotations

from docs.written import FOLDER, with_table
from policies.rules import RULES

PAGE = FOLDER / "policies.md"


def page() -> str:
    """The contents of the page, with the table made anew."""
    rows = "".join(f"| `{rule.name}` | {rule.wants} |\n" for rule in RULES)
    return with_table(PAGE, f"| rule | requirement |\n|---|---|\n{rows}")
