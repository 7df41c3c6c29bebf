"""What the generators share: the folder of the pages, and the format of values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "docs"
PROJECT = yaml.safe_load((FOLDER.parent / "Pulumi.yaml").read_text())["name"]


BEGIN, END = "<!-- by make docs: -->\n", "<!-- : by make docs -->\n"


def with_table(page: Path, table: str) -> str:
    """Returns the content of a page with the table between its two marks replaced."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table + END + after


def code(value: Any) -> str:
    """Returns a value as inline YAML in backticks."""
    plain = json.loads(json.dumps(value))
    text = yaml.safe_dump(plain, default_flow_style=True, width=1000, sort_keys=False)
    return f"`{text.strip().removesuffix('...').strip()}`"
