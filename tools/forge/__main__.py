"""`python -m tools.forge comment|issue|open-requests`: GitHub and GitLab alike.

Where the pipeline runs is told by its own variables: `GITHUB_REPOSITORY` or `CI_PROJECT_ID`.
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
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="forge", description="Comments and issues.")
    commands = parser.add_subparsers(dest="command", required=True)
    comment = commands.add_parser("comment", help="write a pull request's comment, or update it")
    comment.add_argument("--marker", required=True, help="by which it is found again")
    comment.add_argument("--number", required=True, type=int, help="the pull request's")
    comment.add_argument("--file", required=True, type=Path, help="what it says")
    issue = commands.add_parser("issue", help="open an issue, update it, or close it")
    issue.add_argument("--marker", required=True, help="by which it is found again")
    issue.add_argument("--title", required=True)
    what = issue.add_mutually_exclusive_group(required=True)
    what.add_argument("--file", type=Path, help="what it says")
    what.add_argument("--close", action="store_true", help="close it, if it is open")
    commands.add_parser("open-requests", help="print the numbers of open pull requests")
    options = parser.parse_args(arguments)
    return run_tool("forge", lambda: act(options))


def act(options: argparse.Namespace) -> None:
    """Do what the command says.

    Raises:
        ToolError: with the forge's own words.
    """
    try:
        sys.stdout.writelines(f"{line}\n" for line in _done(options, _forge()))
    except (*github.ERRORS, *gitlab.ERRORS) as error:
        raise ToolError(f"{options.command}: {error}") from None
    except FileNotFoundError as error:
        raise ToolError(f"--file: {error.filename}: is not there") from None


def _forge() -> Forge:
    if os.environ.get("GITHUB_REPOSITORY"):
        return github.GitHub()
    if os.environ.get("CI_PROJECT_ID"):
        return gitlab.GitLab()
    raise ToolError(
        "neither GITHUB_REPOSITORY nor CI_PROJECT_ID is set: "
        "at a desk, set GITHUB_REPOSITORY=OWNER/NAME and GITHUB_TOKEN"
    )


def _done(options: argparse.Namespace, forge: Forge) -> list[str]:
    """Do it; return what to print."""
    if options.command == "open-requests":
        return [str(number) for number in forge.open_requests()]
    if options.command == "comment":
        return [forge.comment(options.number, options.marker, options.file.read_text())]
    if options.close:
        closed = forge.close_issue(options.marker)
        return [closed or "none is open"]
    return [forge.issue(options.marker, options.title, options.file.read_text())]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
