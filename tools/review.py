"""A review stack for each pull request, `pr-NUMBER`: `make review`, `review-down`, `review-sweep`.

It is made from another stack's file, whose cluster and ingress controller it uses. Each run makes
the file anew; nothing of it has to be kept from one to the next.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from tools.command import run_tool
from tools.existing_stack import stack_outputs
from tools.policies import policy_arguments
from tools.pulumi_command import ToolError, pulumi_output, run_pulumi_in_foreground
from tools.refreshed import refresh_flags, refresh_if_killed
from tools.review_file import write_file, write_without_apps
from tools.stacks import REVIEW_STACK, ROOT, backend_stacks, set_secret, stack_file

NUMBER = re.compile(r"[1-9][0-9]*")
NONE = "none"
"""What OPEN says where no pull request is open: a list that could not be read is empty too."""

URL = "_url"
"""What the name of an application's output ends with."""

CLUSTER_IS_GONE = "PULUMI_K8S_DELETE_UNREACHABLE"
"""The variable by which the Kubernetes provider forgets what is on a cluster that is gone."""


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Run the command; return its exit code."""
    options = _parser().parse_args(arguments)
    return run_tool("review", lambda: _run(options, folder))


def _run(options: argparse.Namespace, folder: Path) -> None:
    match options.command:
        case "up":
            up(_stack(options.pr), options.source, options.image, options.out, folder)
        case "down":
            down(_stack(options.pr), options.source, folder)
        case "sweep":
            sweep(_open(options.open), options.source, folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="review", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    every = {name: commands.add_parser(name) for name in ("up", "down", "sweep")}
    for command in every.values():
        command.add_argument("--from", required=True, dest="source", help="the stack beside it")
    for name in ("up", "down"):
        every[name].add_argument("--pr", required=True, help="the pull request's number")
    every["up"].add_argument("--image", default="", help="[NAME=]IMAGE, one for an application")
    every["up"].add_argument("--out", default="", help="a file for the URLs, in Markdown")
    every["sweep"].add_argument("--open", required=True, help=f"numbers that stay, or {NONE}")
    return parser


def _stack(number: str) -> str:
    return f"pr-{_number('PR', number)}"


def _open(numbers: str) -> set[str]:
    """The stacks that stay."""
    if numbers.strip() == NONE:
        return set()
    if not numbers.strip():
        raise ToolError(f'OPEN: "": must be the numbers of open pull requests, or {NONE}')
    return {f"pr-{_number('OPEN', each)}" for each in numbers.split()}


def _number(key: str, number: str) -> str:
    if not NUMBER.fullmatch(number):
        raise ToolError(f"{key}: {json.dumps(number)}: must be a pull request's number, such as 12")
    return number


def up(stack: str, source: str, image: str, out: str, folder: Path) -> None:
    """Make the stack, or bring it up to date; print where its applications are.

    Args:
        out: a file that the same is written to as a list in Markdown; none if empty.

    Raises:
        ToolError: naming what is wrong.
    """
    made = write_file(stack, source, image, folder)
    is_new = stack not in backend_stacks(folder)
    if is_new:
        chosen = ("--secrets-provider", made.provider) if made.provider else ()
        pulumi_output("stack", "init", stack, "--no-select", *chosen, folder=folder)
    for key, value in made.secrets.items():
        set_secret(stack, key, value, folder)
    if not is_new and not refresh_if_killed(stack, folder):
        raise _failed("refresh")
    _run_pulumi("up", "--stack", stack, "--yes", *policy_arguments(stack, folder), folder=folder)
    _print_urls(stack, out, folder)


def down(stack: str, source: str, folder: Path) -> None:
    """Remove the stack and all that it has; nothing is done where there is none.

    Raises:
        ToolError: something is still there.
    """
    if stack in backend_stacks(folder):
        _destroy(stack, source, folder)
        sys.stdout.write(f"{stack} is removed\n")
    else:
        sys.stdout.write(f"{stack} is not there\n")
    stack_file(stack, folder).unlink(missing_ok=True)


def _destroy(stack: str, source: str, folder: Path) -> None:
    """Remove all that the stack has.

    What is on the cluster is removed by the kubeconfig that the other stack has by now: that in the
    review stack's own state may have run out.
    """
    command = ("destroy", "--stack", stack, "--yes", "--remove", *refresh_flags(stack, folder))
    if os.environ.get(CLUSTER_IS_GONE) == "true":
        _run_pulumi(*command, folder=folder)
        return
    write_without_apps(stack, source, folder)
    try:
        _run_pulumi(*command, "--run-program", folder=folder)
    except ToolError as error:
        way_out = f"if the cluster is gone, set {CLUSTER_IS_GONE}=true and run it again"
        raise ToolError(f"{error}; {way_out}") from None


def _run_pulumi(*arguments: str, folder: Path) -> None:
    if run_pulumi_in_foreground(*arguments, folder=folder) != 0:
        raise _failed(arguments[0])


def _failed(command: str) -> ToolError:
    return ToolError(f"pulumi {command} failed: its words are above")


def sweep(still_open: Collection[str], source: str, folder: Path) -> None:
    """Remove each review stack but those that are still open.

    Raises:
        ToolError: naming those that could not be removed, once all others are.
    """
    failed = []
    for stack in sorted(filter(REVIEW_STACK.fullmatch, backend_stacks(folder) - set(still_open))):
        try:
            down(stack, source, folder)
        except ToolError as error:
            sys.stderr.write(f"review: {stack}: {error}\n")
            failed.append(stack)
    if failed:
        raise ToolError(f"not removed: {', '.join(failed)}")


def _print_urls(stack: str, out: str, folder: Path) -> None:
    """The address of each application, as the stack's outputs have it."""
    outputs = stack_outputs(stack, folder).items()
    urls = {key.removesuffix(URL): url for key, url in outputs if key.endswith(URL)}
    if out:
        Path(out).write_text("".join(f"- {app}: {url}\n" for app, url in urls.items()))
    sys.stdout.write("".join(f"{app:<16}{url}\n" for app, url in urls.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
