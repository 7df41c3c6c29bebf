"""Makes a further stack from one that is there: `make new-stack NAME=... FROM=...`.

The file is copied, the stack created at the backend that Pulumi is logged in to. What the other
file has encrypted is of the other stack's key alone, so it is asked for, or read from standard
input as lines KEY=VALUE, and encrypted anew. Nothing is left of a stack that could not be made.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from getpass import getpass
from pathlib import Path
from typing import TextIO

from tools.command import run_tool
from tools.pulumi_command import ToolError, pulumi_output
from tools.stacks import (
    ROOT,
    STACK_NAME,
    backend_stacks,
    backend_url,
    config_key,
    encrypted_places,
    project_name,
    read_document,
    set_secret,
    source_file,
    stack_file,
)
from tools.unquoted import check_quotes

SECRETS_PROVIDER_KEYS = re.compile(
    r"^(encryptionsalt|encryptedkey|secretsprovider):.*\n?", re.MULTILINE
)
"""What a file says of the key that its values are encrypted with."""

LINE_FORMAT = "one line for each secret, KEY=VALUE"


def main(arguments: Sequence[str], folder: Path = ROOT, stdin: TextIO = sys.stdin) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="new-stack", description="A further stack.")
    parser.add_argument("--name", required=True, help="lower-case letters, digits and dashes")
    parser.add_argument("--from", required=True, dest="source", help="the stack to copy")
    parser.add_argument(
        "--secrets-provider", default="", help="by default, that of the stack that is copied"
    )
    options = parser.parse_args(arguments)
    return run_tool(
        "new-stack",
        lambda: make(options.name, options.source, options.secrets_provider, folder, stdin),
    )


def make(name: str, source: str, provider: str, folder: Path, stdin: TextIO) -> None:
    """Make the stack `name` like the stack `source`.

    Args:
        provider: Pulumi's `--secrets-provider`; if empty, the other stack's.

    Raises:
        ToolError: naming what is wrong. Nothing is left behind.
    """
    file = stack_file(name, folder)
    _check(name, file)
    copied = source_file(source, folder)
    check_quotes([source], folder)
    text, there = copied.read_text(), read_document(copied)
    provider = provider or there.get("secretsprovider", "")
    backend = backend_url(folder)
    if name in backend_stacks(folder):
        raise ToolError(f"NAME: {json.dumps(name)}: is a stack already, at {backend}")
    own = project_name(folder)
    keys = [config_key(*each, own) for each in encrypted_places(there.get("config", {}))]
    secrets = _typed_secrets(keys) if stdin.isatty() else _piped_secrets(keys, stdin)

    file.write_text(SECRETS_PROVIDER_KEYS.sub("", text))
    try:
        chosen = ("--secrets-provider", provider) if provider else ()
        pulumi_output("stack", "init", name, "--no-select", *chosen, folder=folder)
        for key, value in secrets.items():
            set_secret(name, key, value, folder)
    except BaseException:
        _remove(name, file, folder)
        raise
    sys.stdout.write(
        f"stack             {name}\n"
        f"file              {file.name}, like {copied.name}, with {len(secrets)} secrets\n"
        f"backend           {backend}\n"
        f"secrets provider  {_provider(file)}\n"
        f"Next: change what differs in the file; make docs; pulumi preview --stack {name}\n"
    )


def _check(name: str, file: Path) -> None:
    if not STACK_NAME.fullmatch(name):
        allowed = "must be lower-case letters, digits and dashes between them"
        raise ToolError(f"NAME: {json.dumps(name)}: {allowed}")
    if file.exists():
        raise ToolError(f"NAME: {json.dumps(name)}: is a stack already: {file.name}")


def _typed_secrets(keys: Sequence[str]) -> dict[str, str]:
    """What is typed for each key; nothing of it is shown."""
    return _require_all(keys, {key: getpass(f"{key}: ") for key in keys})


def _piped_secrets(keys: Sequence[str], stdin: TextIO) -> dict[str, str]:
    """What standard input has; nothing of a value is told, also not of a line that is wrong."""
    found: dict[str, str] = {}
    for number, line in enumerate(stdin.read().splitlines() if keys else (), start=1):
        key = next((each for each in keys if line.startswith(f"{each}=")), None)
        if key is None and line.strip():
            raise ToolError(
                f"standard input, line {number}: must be {LINE_FORMAT}, with one of the keys "
                f"that are encrypted in the other file: {', '.join(keys)}"
            )
        if key in found:
            raise ToolError(f"standard input, line {number}: {key}: is there twice")
        if key:
            found[key] = line.removeprefix(f"{key}=")
    return _require_all(keys, found)


def _require_all(keys: Sequence[str], found: dict[str, str]) -> dict[str, str]:
    if missing := [key for key in keys if not found.get(key)]:
        raise ToolError(f"no value for {', '.join(missing)}: type it, or pipe in {LINE_FORMAT}")
    return found


def _provider(file: Path) -> str:
    """What the file says of its key; Pulumi Cloud's own needs no word."""
    there = read_document(file)
    salted = "passphrase" if "encryptionsalt" in there else "Pulumi Cloud"
    return str(there.get("secretsprovider", salted))


def _remove(name: str, file: Path, folder: Path) -> None:
    """Take back what was made. A stack that has resources is somebody else's: Pulumi keeps it."""
    with suppress(ToolError):
        pulumi_output("stack", "rm", name, "--yes", folder=folder)
    file.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
