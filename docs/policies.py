"""The table in `docs/policies.md`: what each rule wants."""

from __future__ import annotations

from docs.written import FOLDER, with_table
from policies.rules import RULES

PAGE = FOLDER / "policies.md"


def page() -> str:
    """The contents of the page, with the table made anew."""
    rows = "".join(f"| `{rule.name}` | {rule.description} |\n" for rule in RULES)
    return with_table(PAGE, f"| rule | what it wants |\n|---|---|\n{rows}")
