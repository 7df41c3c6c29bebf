"""The clone's Pulumi.<stack>.yaml files, which the sandbox leaves as they are.

Pulumi keeps the salt of a stack's passphrase in that file. The sandbox's stacks have it in their
state as well. A command that does not find it in the file writes the whole file again: numbers as
YAML reads them (`0022` as 18), before the program can see what was written. So the salt is in the
file while a command runs. The same file serves the real cloud, where the salt is another one.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import yaml

from sandbox.paths import ROOT, private_directory

_SALT = "encryptionsalt"
_KEYS = {_SALT, "encryptedkey", "secretsprovider"}
"""What a file says of the key of its secrets; one with none of it is completed by Pulumi."""


def stack_files(folder: Path = ROOT) -> dict[str, Path]:
    """Return the stacks that have a configuration file in `folder`, with that file."""
    files = sorted(folder.glob("Pulumi.*.yaml"))
    return {file.name.removeprefix("Pulumi.").removesuffix(".yaml"): file for file in files}


@contextmanager
def untouched(home: Path, command: Sequence[str] = (), folder: Path = ROOT) -> Iterator[None]:
    """Have the sandbox's salts in the stack files while the block runs, and no longer.

    A file whose configuration is as before becomes what it was, byte for byte. One that was
    changed meanwhile keeps its change. One that holds values encrypted with the salt (`secure:`)
    keeps the salt, too, since they are lost without it.

    Args:
        command: what runs in the block. If it names stacks, only their files get a salt: another
            sandbox may be using the others.
    """
    files = stack_files(folder)
    before = {file: file.read_bytes() for file in files.values()}
    named = {argument.rpartition("=")[2] for argument in command} & files.keys()
    with (private_directory(home) / "stack-files.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        for stack in named or files:
            _put_in(_salt(home, stack), files[stack])
        try:
            yield
        finally:
            if _is_last(lock):
                for stack, file in stack_files(folder).items():
                    ours = _salt(home, stack)
                    if ours is not None:
                        _take_out(ours, file, before.get(file))


def _is_last(lock: IO[str]) -> bool:
    """Whether no other command runs, which would miss the salts, and takes them out at its end."""
    fcntl.flock(lock, fcntl.LOCK_UN)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _salt(home: Path, stack: str) -> str | None:
    """The salt of the sandbox's stack; None if there is no such stack."""
    salt = _load(home / "pulumi-stacks" / f"Pulumi.{stack}.yaml").get(_SALT)
    return None if salt is None else str(salt)


def _put_in(salt: str | None, file: Path) -> None:
    """Append the salt to a file that has no key, and is one that a line can be appended to."""
    text = file.read_bytes()
    line = f"{_SALT}: {salt}\n".encode()
    if text and not text.endswith(b"\n"):
        line = b"\n" + line
    document = _parse(text)
    if salt is None or document is None or b"secure:" in text or document.keys() & _KEYS:
        return
    if _parse(text + line) == {**document, _SALT: salt}:
        with file.open("ab") as end:
            end.write(line)


def _take_out(salt: str, file: Path, before: bytes | None) -> None:
    text = file.read_bytes()
    document = _parse(text)
    if document is None or document.get(_SALT) != salt or b"secure:" in text:
        return
    document.pop(_SALT)
    if before is not None and _parse(before) == document:
        file.write_bytes(before)
        return
    lines = text.splitlines(keepends=True)
    file.write_bytes(b"".join(line for line in lines if not line.startswith(_SALT.encode())))


def _parse(text: bytes) -> dict[str, Any] | None:
    """The mapping that a file has; None for anything else, which Pulumi refuses."""
    try:
        document = yaml.safe_load(text) or {}
    except (yaml.YAMLError, ValueError):  # the latter for a date that does not exist
        return None
    return document if isinstance(document, dict) else None


def _load(file: Path) -> dict[str, Any]:
    return (_parse(file.read_bytes()) or {}) if file.exists() else {}
