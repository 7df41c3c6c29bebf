"""A review stack for each pull request, `pr-NUMBER`: `make review`, `review-down`, `review-sweep`.

Its file is generated from another stack's file, and it uses the cluster and the ingress controller
of that stack. Each run generates the file again, so that it need not be kept.
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
"""The value of OPEN if no pull request is open. An empty value may come from a failed request."""

URL = "_url"
"""The suffix of the output with an application's URL."""

CLUSTER_IS_GONE = "PULUMI_K8S_DELETE_UNREACHABLE"
"""Makes the Kubernetes provider remove objects on an unreachable cluster from the state."""


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
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
        command.add_argument("--from", required=True, dest="source", help="the stack to copy")
    for name in ("up", "down"):
        every[name].add_argument("--pr", required=True, help="the pull request's number")
    every["up"].add_argument("--image", default="", help="[NAME=]IMAGE for each application")
    every["up"].add_argument("--out", default="", help="a file to write the URLs to, in Markdown")
    every["sweep"].add_argument(
        "--open", required=True, help=f"numbers of open pull requests, or {NONE}"
    )
    return parser


def _stack(number: str) -> str:
    return f"pr-{_number('PR', number)}"


def _open(numbers: str) -> set[str]:
    """Returns the stacks to keep."""
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
    """Creates or updates the stack and prints the URLs of its applications.

    Args:
        out: a file to write the URLs to, as a list in Markdown. Default: none.

    Raises:
        ToolError: names what is wrong.
    """
    file = write_file(stack, source, image, folder)
    is_new = stack not in backend_stacks(folder)
    if is_new:
        provider_flag = ("--secrets-provider", file.provider) if file.provider else ()
        pulumi_output("stack", "init", stack, "--no-select", *provider_flag, folder=folder)
    for key, value in file.secrets.items():
        set_secret(stack, key, value, folder)
    if not is_new and not refresh_if_killed(stack, folder):
        raise _failed("refresh")
    _run_pulumi("up", "--stack", stack, "--yes", *policy_arguments(stack, folder), folder=folder)
    _print_urls(stack, out, folder)


def down(stack: str, source: str, folder: Path) -> None:
    """Deletes the stack with its resources and its file, if it exists.

    Raises:
        ToolError: a resource could not be deleted.
    """
    if stack in backend_stacks(folder):
        _destroy(stack, source, folder)
        sys.stdout.write(f"{stack} is deleted\n")
    else:
        sys.stdout.write(f"{stack} does not exist\n")
    stack_file(stack, folder).unlink(missing_ok=True)


def _destroy(stack: str, source: str, folder: Path) -> None:
    """Deletes the stack and its resources.

    Objects on the cluster are deleted with the current kubeconfig of the stack `source`. The one in
    the review stack's own state may have expired.
    """
    command = ("destroy", "--stack", stack, "--yes", "--remove", *refresh_flags(stack, folder))
    if os.environ.get(CLUSTER_IS_GONE) == "true":
        _run_pulumi(*command, folder=folder)
        return
    write_without_apps(stack, source, folder)
    try:
        _run_pulumi(*command, "--run-program", folder=folder)
    except ToolError as error:
        hint = f"If the cluster no longer exists, set {CLUSTER_IS_GONE}=true and run it again"
        raise ToolError(f"{error}. {hint}") from None


def _run_pulumi(*arguments: str, folder: Path) -> None:
    if run_pulumi_in_foreground(*arguments, folder=folder) != 0:
        raise _failed(arguments[0])


def _failed(command: str) -> ToolError:
    return ToolError(f"pulumi {command} failed, see above")


def sweep(still_open: Collection[str], source: str, folder: Path) -> None:
    """Deletes all review stacks except those in `still_open`.

    Raises:
        ToolError: lists the stacks that could not be deleted. All others are deleted.
    """
    failed = []
    for stack in sorted(filter(REVIEW_STACK.fullmatch, backend_stacks(folder) - set(still_open))):
        try:
            down(stack, source, folder)
        except ToolError as error:
            sys.stderr.write(f"review: {stack}: {error}\n")
            failed.append(stack)
    if failed:
        raise ToolError(f"not deleted: {', '.join(failed)}")


def _print_urls(stack: str, out: str, folder: Path) -> None:
    """Prints the URL of each application, and writes the URLs to the file `out`."""
    outputs = stack_outputs(stack, folder).items()
    urls = {key.removesuffix(URL): url for key, url in outputs if key.endswith(URL)}
    if out:
        Path(out).write_text("".join(f"- {app}: {url}\n" for app, url in urls.items()))
    sys.stdout.write("".join(f"{app:<16}{url}\n" for app, url in urls.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
