"""Previews stacks and writes a report: `make previews STACKS="..." OUT=FOLDER`.

Nothing is deployed. `comment.md` is the comment for a pull request, also if a preview fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.command import run_tool
from tools.existing_stack import check_stack
from tools.preview import Preview, preview
from tools.preview_comment import comment
from tools.pulumi_command import ToolError
from tools.stacks import ROOT


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="previews", description="Previews stacks.")
    parser.add_argument("--out", required=True, type=Path, help="the folder for comment.md")
    parser.add_argument("stacks", nargs="+", help="the stacks, in the order of the comment")
    options = parser.parse_args(arguments)
    return run_tool("previews", lambda: previews(options.stacks, options.out, folder))


def previews(stacks: Sequence[str], out: Path, folder: Path) -> None:
    """Previews and shows each stack, and writes the comment into the folder `out`.

    Raises:
        ToolError: lists the stacks whose preview failed. The comment contains the errors.
    """
    found = [_previewed(stack, folder) for stack in stacks]
    out.mkdir(parents=True, exist_ok=True)
    (out / "comment.md").write_text(comment(found))
    if failed := [each.stack for each in found if each.failed]:
        raise ToolError(f"the preview failed of {', '.join(failed)}: see {out / 'comment.md'}")


def _previewed(stack: str, folder: Path) -> Preview:
    try:
        check_stack(stack, folder)
        found = preview(stack, folder)
    except ToolError as error:
        found = Preview(stack, failed=True, errors=(str(error),))
    for part in (found.diff, *found.errors):
        sys.stdout.write(f"{part}\n")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
