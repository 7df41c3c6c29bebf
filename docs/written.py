"""What the pages that are made share: where they are, and how a value is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
PROJECT = yaml.safe_load((FOLDER.parent / "Pulumi.yaml").read_text())["name"]


def code(value: Any) -> str:
    """A value as YAML has it within a line."""
    plain = json.loads(json.dumps(value))
    text = yaml.safe_dump(plain, default_flow_style=True, width=1000, sort_keys=False)
    return f"`{text.strip().removesuffix('...').strip()}`"
