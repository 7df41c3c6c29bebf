"""Keeps the clone's Pulumi.<stack>.yaml files unchanged.

Pulumi stores the salt of a stack's passphrase in that file; for the sandbox's stacks, it is also
in the state. If the file has no salt, a Pulumi command adds it and rewrites the whole file. It
then writes numbers as YAML parses them (`0022` as 18), before the program can check the original
text. Therefore the sandbox adds the salt while a command runs. It removes the salt afterwards,
because the same file is used with the real cloud, where the stack has a different salt.
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
"""Keys that describe the encryption key of the file's secrets. Pulumi adds them if all are absent.
"""


def stack_files(folder: Path = ROOT) -> dict[str, Path]:
    """Returns the configuration files in `folder`, by the name of the stack."""
    files = sorted(folder.glob("Pulumi.*.yaml"))
    return {file.name.removeprefix("Pulumi.").removesuffix(".yaml"): file for file in files}


@contextmanager
def temporary_salts(home: Path, command: Sequence[str] = (), folder: Path = ROOT) -> Iterator[None]:
    """Adds the sandbox's salts to the stack files, and removes them after the block.

    - A file whose configuration didn't change is restored byte for byte.
    - A file that changed keeps its change.
    - A file with values that were encrypted with the salt (`secure:`) also keeps the salt, because
      they can't be decrypted without it.

    Args:
        home: the sandbox's home.
        command: the command that runs in the block. If it names stacks, only their files get a
            salt, because another sandbox may use the other files.
        folder: the folder of the stack files.
    """
    files = stack_files(folder)
    before = {file: file.read_bytes() for file in files.values()}
    named = {argument.rpartition("=")[2] for argument in command} & files.keys()
    with (private_directory(home) / "stack-files.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        for stack in named or files:
            _add_salt(_salt(home, stack), files[stack])
        try:
            yield
        finally:
            if _is_last(lock):
                for stack, file in stack_files(folder).items():
                    ours = _salt(home, stack)
                    if ours is not None:
                        _remove_salt(ours, file, before.get(file))


def _is_last(lock: IO[str]) -> bool:
    """Returns whether no other command, which needs and later removes the salts, runs."""
    fcntl.flock(lock, fcntl.LOCK_UN)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _salt(home: Path, stack: str) -> str | None:
    """Returns the salt of the sandbox's stack, None if the stack doesn't exist."""
    salt = _load(home / "pulumi-stacks" / f"Pulumi.{stack}.yaml").get(_SALT)
    return None if salt is None else str(salt)


def _add_salt(salt: str | None, file: Path) -> None:
    """Appends the salt to the file, unless it has an encryption key or can't be appended to."""
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


def _remove_salt(salt: str, file: Path, before: bytes | None) -> None:
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
    """Returns the mapping in a YAML file, None if it is anything else, which Pulumi rejects."""
    try:
        document = yaml.safe_load(text) or {}
    except (yaml.YAMLError, ValueError):  # ValueError: a date that doesn't exist
        return None
    return document if isinstance(document, dict) else None


def _load(file: Path) -> dict[str, Any]:
    return (_parse(file.read_bytes()) or {}) if file.exists() else {}
