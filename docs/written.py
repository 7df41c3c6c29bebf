"""What the pages that are made share: where they are, and how a value is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
PROJECT = yaml.safe_load((FOLDER.parent / "Pulumi.yaml").read_text())["name"]


BEGIN, END = "<!-- by make docs: -->\n", "<!-- : by make docs -->\n"


def with_table(page: Path, table: str) -> str:
    """The contents of a page, with another table in the place that is marked for it."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table + END + after


def code(value: Any) -> str:
    """A value as YAML has it within a line."""
    plain = json.loads(json.dumps(value))
    text = yaml.safe_dump(plain, default_flow_style=True, width=1000, sort_keys=False)
    return f"`{text.strip().removesuffix('...').strip()}`"
