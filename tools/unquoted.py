"""Rejects unquoted numbers where a string is expected: `make unquoted STACKS="dev prod"`.

Pulumi parses such a number and may rewrite it in the stack's file before the program sees the
original text. So this command reads the file without Pulumi, as it is now and as it was committed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from components.args.yaml_text import NotYaml, load
from stack.unquoted import unquoted_values_in_file
from tools.command import run_tool
from tools.git import committed
from tools.pulumi_command import ToolError
from tools.stacks import ROOT, project_name, read_document, stack_file, stacks_with_file


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="unquoted", description="Rejects unquoted numbers that lose digits."
    )
    parser.add_argument("stacks", nargs="*", help="default: all stacks that have a file")
    options = parser.parse_args(arguments)
    stacks = options.stacks or stacks_with_file(folder)
    return run_tool("unquoted", lambda: check_quotes(stacks, folder))


def check_quotes(stacks: Iterable[str], folder: Path) -> None:
    """Checks that strings in the stacks' files are quoted where YAML would parse a number.

    Raises:
        ToolError: lists each unquoted value.
    """
    if found := [line for stack in stacks for line in _found(stack, folder)]:
        raise ToolError("\n  ".join(("quote these values:", *found)))


def _found(stack: str, folder: Path) -> list[str]:
    file = stack_file(stack, folder)
    read_document(file)
    text = file.read_text()
    lines = unquoted_values_in_file(text, _committed(file) or text, project_name(folder))
    return [f"{file.name}: {line}" for line in lines]


def _committed(file: Path) -> str | None:
    """Returns the committed file, or None if that is invalid YAML: the change may be the fix."""
    text = committed(file)
    try:
        load(text or "")
    except NotYaml:
        return None
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
