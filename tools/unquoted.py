"""Refuses numbers without quotes that are meant as text: `make unquoted STACKS="dev prod"`.

Pulumi reads such a number, and may write it into the stack's file before the program sees what was
written there. So this reads the file without Pulumi, as it is and as it was committed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from settings.checks.unquoted import unquoted_in
from settings.yaml_error import NotYaml, load
from tools.command import run_tool
from tools.git import committed
from tools.pulumi_command import ToolError
from tools.stacks import ROOT, project_name, read_document, stack_file, stacks_with_file


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="unquoted", description="Numbers that lose digits.")
    parser.add_argument("stacks", nargs="*", help="all that have a file, by default")
    options = parser.parse_args(arguments)
    chosen = options.stacks or stacks_with_file(folder)
    return run_tool("unquoted", lambda: check_quotes(chosen, folder))


def check_quotes(stacks: Iterable[str], folder: Path) -> None:
    """See that what is text in the files of stacks is in quotes where YAML reads a number.

    Raises:
        ToolError: naming each that is not.
    """
    if found := [line for stack in stacks for line in _found(stack, folder)]:
        raise ToolError("\n  ".join(("these must be in quotes:", *found)))


def _found(stack: str, folder: Path) -> list[str]:
    file = stack_file(stack, folder)
    read_document(file)
    text = file.read_text()
    lines = unquoted_in(text, _committed(file) or text, project_name(folder))
    return [f"{file.name}: {line}" for line in lines]


def _committed(file: Path) -> str | None:
    """What the last commit has, unless it is no YAML, which this one may be mending."""
    text = committed(file)
    try:
        load(text or "")
    except NotYaml:
        return None
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
