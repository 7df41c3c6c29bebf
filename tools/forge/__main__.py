"""`python -m tools.forge comment|issue|open-requests`, the same for GitHub and GitLab.

The pipeline's variables decide between the two: `GITHUB_REPOSITORY` or `CI_PROJECT_ID`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.command import run_tool
from tools.forge import github, gitlab
from tools.forge.forge import Forge
from tools.pulumi_command import ToolError


def main(arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="forge", description="Writes comments and issues.")
    commands = parser.add_subparsers(dest="command", required=True)
    comment = commands.add_parser("comment", help="write or update a comment on a pull request")
    comment.add_argument("--marker", required=True, help="identifies the comment or issue")
    comment.add_argument("--number", required=True, type=int, help="the number of the pull request")
    comment.add_argument("--file", required=True, type=Path, help="the text")
    issue = commands.add_parser("issue", help="open, update or close an issue")
    issue.add_argument("--marker", required=True, help="identifies the comment or issue")
    issue.add_argument("--title", required=True)
    what = issue.add_mutually_exclusive_group(required=True)
    what.add_argument("--file", type=Path, help="the text")
    what.add_argument("--close", action="store_true", help="close it, if it is open")
    commands.add_parser("open-requests", help="print the numbers of open pull requests")
    options = parser.parse_args(arguments)
    return run_tool("forge", lambda: act(options))


def act(options: argparse.Namespace) -> None:
    """Runs the command.

    Raises:
        ToolError: with the error of GitHub or GitLab.
    """
    try:
        sys.stdout.writelines(f"{line}\n" for line in _lines(options, _forge()))
    except (*github.ERRORS, *gitlab.ERRORS) as error:
        raise ToolError(f"{options.command}: {error}") from None
    except FileNotFoundError as error:
        raise ToolError(f"--file: {error.filename}: does not exist") from None


def _forge() -> Forge:
    if os.environ.get("GITHUB_REPOSITORY"):
        return github.GitHub()
    if os.environ.get("CI_PROJECT_ID"):
        return gitlab.GitLab()
    raise ToolError(
        "neither GITHUB_REPOSITORY nor CI_PROJECT_ID is set: "
        "outside of a pipeline, set GITHUB_REPOSITORY=OWNER/NAME and GITHUB_TOKEN"
    )


def _lines(options: argparse.Namespace, forge: Forge) -> list[str]:
    """Runs the command and returns the lines to print."""
    if options.command == "open-requests":
        return [str(number) for number in forge.open_requests()]
    if options.command == "comment":
        return [forge.comment(options.number, options.marker, options.file.read_text())]
    if options.close:
        closed = forge.close_issue(options.marker)
        return [closed or "no open issue"]
    return [forge.issue(options.marker, options.title, options.file.read_text())]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
