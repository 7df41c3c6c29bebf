"""Copies the images that one stack runs to another stack: `make promote FROM=... TO=...`.

The images are written, with their digests, into the file of the other stack. `make promoted`
rejects a file with an image that neither stack runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from components.args.problem import path
from tools.command import run_tool
from tools.existing_stack import check_stack
from tools.images import ConfiguredImage, configured_images, digest_of, running_images
from tools.pulumi_command import ToolError, pulumi_output
from tools.stacks import ROOT, stack_file


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="promote", description="Copies images to another stack.")
    parser.add_argument("what", choices=("write", "check"))
    parser.add_argument(
        "--from", required=True, dest="source", help="the stack that runs the images"
    )
    parser.add_argument("--to", required=True, dest="target", help="the stack that gets the images")
    options = parser.parse_args(arguments)
    act = promote if options.what == "write" else check_promoted
    return run_tool("promote", lambda: act(options.source, options.target, folder))


def promote(source: str, target: str, folder: Path) -> None:
    """Writes the images that `source` runs into the file of `target`, by applications' names.

    Raises:
        ToolError: the digest of an image is unknown. Nothing is written then.
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
            sys.stdout.write(
                f"{path(each.place)}: not changed, because {source} has no such container\n"
            )
        elif image == each.image:
            sys.stdout.write(f"{path(each.place)}: {image}: not changed\n")
        else:
            setting = ("config", "set", "--stack", target, "--path", path(each.place), image)
            pulumi_output(*setting, folder=folder)
            sys.stdout.write(f"{path(each.place)}: {image}: was {each.image}\n")


def _with_digest(container: ConfiguredImage, source: str, image: str | None) -> str:
    name = f"{container.app}'s container {container.container}"
    if image is None:
        raise ToolError(
            f"{source}: no pod with {name} is ready: deploy it, or find out why it is not ready"
        )
    if not digest_of(image):
        raise ToolError(
            f"{source}: neither the nodes nor the file have the digest of {image}, {name}"
        )
    return image


def check_promoted(source: str, target: str, folder: Path) -> None:
    """Checks that the file of `target` has only images that `source` or `target` runs.

    Raises:
        ToolError: lists each other image.
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
        f"{file}: neither {source} nor {target} runs these images: {wrong}. "
        f"To use those of {source}, run make promote FROM={source} TO={target}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
