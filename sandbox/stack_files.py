"""The clone's Pulumi.<stack>.yaml files, which the sandbox leaves as they are.

Pulumi keeps the salt of a stack's passphrase in that file. The sandbox's stacks have it in their
state as well and are read from there, yet each command writes it (and its own idea of blank
lines) into the file again. The same file serves the real cloud, where the salt is another one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from sandbox.paths import ROOT

_SALT = "encryptionsalt"


def stack_files(folder: Path = ROOT) -> dict[str, Path]:
    """Return the stacks that have a configuration file in `folder`, with that file."""
    files = sorted(folder.glob("Pulumi.*.yaml"))
    return {file.name.removeprefix("Pulumi.").removesuffix(".yaml"): file for file in files}


@contextmanager
def untouched(home: Path, folder: Path = ROOT) -> Iterator[None]:
    """Take the sandbox's salts out of the stack files again when the block ends.

    A file whose configuration is as before becomes what it was, byte for byte. One that was
    changed meanwhile keeps its change. One that holds values encrypted with the salt (`secure:`)
    keeps the salt, too, since they are lost without it.
    """
    before = {file: file.read_bytes() for file in stack_files(folder).values()}
    try:
        yield
    finally:
        for stack, file in stack_files(folder).items():
            ours = _load(home / "pulumi-stacks" / f"Pulumi.{stack}.yaml").get(_SALT)
            if ours is not None:
                _take_out(ours, file, before.get(file))


def _take_out(salt: str, file: Path, before: bytes | None) -> None:
    text = file.read_bytes()
    document = yaml.safe_load(text) or {}
    if document.get(_SALT) != salt or b"secure:" in text:
        return
    document.pop(_SALT)
    if before is not None and (yaml.safe_load(before) or {}) == document:
        file.write_bytes(before)
        return
    lines = text.splitlines(keepends=True)
    file.write_bytes(b"".join(line for line in lines if not line.startswith(_SALT.encode())))


def _load(file: Path) -> dict[str, Any]:
    return (yaml.safe_load(file.read_bytes()) or {}) if file.exists() else {}
