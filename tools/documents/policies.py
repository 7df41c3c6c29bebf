"""Writes the table of rules in `docs/policies.md`."""

from __future__ import annotations

from policies.rules import RULES
from tools.documents.written import FOLDER, with_table

PAGE = FOLDER / "policies.md"


def page() -> str:
    """Returns the content of the page with a new table."""
    rows = "".join(f"| `{rule.name}` | {rule.description} |\n" for rule in RULES)
    return with_table(PAGE, f"| rule | requirement |\n|---|---|\n{rows}")
