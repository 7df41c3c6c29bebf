"""Brings the images that one stack runs to another: `make promote FROM=... TO=...`.

They are written, with their digests, into the file of the other stack. `make promoted` refuses a
file with an image that neither of the two runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from settings.errors import path
from tools.command import run_tool
from tools.existing_stack import check_stack
from tools.images import ConfiguredImage, configured_images, digest_of, running_images
from tools.pulumi_command import ToolError, pulumi_output
from tools.stacks import ROOT, stack_file


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="promote", description="Images for another stack.")
    parser.add_argument("what", choices=("write", "check"))
    parser.add_argument("--from", required=True, dest="source", help="the stack that runs them")
    parser.add_argument("--to", required=True, dest="target", help="the stack that gets them")
    options = parser.parse_args(arguments)
    act = promote if options.what == "write" else check_promoted
    return run_tool("promote", lambda: act(options.source, options.target, folder))


def promote(source: str, target: str, folder: Path) -> None:
    """Write what `source` runs into the file of `target`; applications are matched by name.

    Raises:
        ToolError: if the digest of one is not known. Nothing is written then.
    """
    for stack in (source, target):
        check_stack(stack, folder)
    runs = running_images(source, folder)
    of_source = {(each.app, each.container) for each in configured_images(source, folder)}
    images = {
        each: _with_digest(each, source, runs.get((each.app, each.container)))
        for each in configured_images(target, folder)
        if (each.app, each.container) in of_source
    }
    for each in configured_images(target, folder):
        image = images.get(each)
        if image is None:
            sys.stdout.write(f"{path(each.place)}: {source} has no such container: left alone\n")
        elif image == each.image:
            sys.stdout.write(f"{path(each.place)}: {image}: is there already\n")
        else:
            setting = ("config", "set", "--stack", target, "--path", path(each.place), image)
            pulumi_output(*setting, folder=folder)
            sys.stdout.write(f"{path(each.place)}: {image}: was {each.image}\n")


def _with_digest(container: ConfiguredImage, source: str, image: str | None) -> str:
    name = f"{container.app}'s container {container.container}"
    if image is None:
        raise ToolError(f"{source}: no pod with {name} is ready: deploy it, or see why it is not")
    if not digest_of(image):
        raise ToolError(f"{source}: the digest of {image}, {name}, is known to no node or file")
    return image


def check_promoted(source: str, target: str, folder: Path) -> None:
    """See that `target` is given no image but those that `source` runs, or it itself.

    Raises:
        ToolError: naming each other one.
    """
    for stack in (source, target):
        check_stack(stack, folder)
    unknown = list(configured_images(target, folder))
    for stack in (source, target):
        digests = {digest_of(image) for image in running_images(stack, folder).values()} - {""}
        unknown = [each for each in unknown if digest_of(each.image) not in digests]
        if not unknown:
            return
    file = stack_file(target, folder).name
    wrong = "; ".join(f"{path(each.place)}: {each.image}" for each in unknown)
    raise ToolError(
        f"{file}: {source} runs no such image, nor does {target}: {wrong}. "
        f"To take those of {source}: make promote FROM={source} TO={target}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
