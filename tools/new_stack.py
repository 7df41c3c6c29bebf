"""Creates a stack from the file of another stack: `make new-stack NAME=... FROM=...`.

The file is copied, and the stack is created at the backend that Pulumi is logged in to. Each
encrypted value is typed by the user, or read from standard input as a line KEY=VALUE. If the stack
can't be created, its file is deleted.

`pulumi stack init --copy-config-from` does not suffice: it drops the file's comments, gives both
stacks the same secrets, and needs the other stack and its key at the same backend.
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
    backend_stacks,
    backend_url,
    check_stack_name,
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
"""The lines of a file on the key that encrypts its values."""

LINE_FORMAT = "one line KEY=VALUE for each secret"


def main(arguments: Sequence[str], folder: Path = ROOT, stdin: TextIO = sys.stdin) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="new-stack", description="Creates a stack from another one."
    )
    parser.add_argument("--name", required=True, help="lowercase letters, digits and hyphens")
    parser.add_argument(
        "--from", required=True, dest="source", help="the stack to copy the file of"
    )
    parser.add_argument("--secrets-provider", default="", help="default: that of the copied stack")
    options = parser.parse_args(arguments)
    return run_tool(
        "new-stack",
        lambda: create_stack(options.name, options.source, options.secrets_provider, folder, stdin),
    )


def create_stack(name: str, source: str, provider: str, folder: Path, stdin: TextIO) -> None:
    """Creates the stack `name` from the file of the stack `source`.

    Args:
        provider: Pulumi's `--secrets-provider`. Default: that of the other stack.

    Raises:
        ToolError: names what is wrong. The new stack does not exist then.
    """
    file = stack_file(name, folder)
    _check(name, file)
    copied = source_file(source, folder)
    check_quotes([source], folder)
    text, document = copied.read_text(), read_document(copied)
    provider = provider or document.get("secretsprovider", "")
    backend = backend_url(folder)
    if name in backend_stacks(folder):
        raise ToolError(f"NAME: {json.dumps(name)}: already exists at {backend}")
    project = project_name(folder)
    keys = [config_key(*each, project) for each in encrypted_places(document.get("config", {}))]
    secrets = _typed_secrets(keys) if stdin.isatty() else _piped_secrets(keys, stdin)

    file.write_text(SECRETS_PROVIDER_KEYS.sub("", text))
    try:
        provider_flag = ("--secrets-provider", provider) if provider else ()
        pulumi_output("stack", "init", name, "--no-select", *provider_flag, folder=folder)
        for key, value in secrets.items():
            set_secret(name, key, value, folder)
    except BaseException:
        _remove(name, file, folder)
        raise
    sys.stdout.write(
        f"stack             {name}\n"
        f"file              {file.name}, copied from {copied.name}, with {len(secrets)} secrets\n"
        f"backend           {backend}\n"
        f"secrets provider  {_provider(file)}\n"
        f"Next: edit the file, run make docs and pulumi preview --stack {name}\n"
    )


def _check(name: str, file: Path) -> None:
    check_stack_name("NAME", name)
    if file.exists():
        raise ToolError(f"NAME: {json.dumps(name)}: already exists: {file.name}")


def _typed_secrets(keys: Sequence[str]) -> dict[str, str]:
    """Asks for the value of each key without showing it."""
    return _require_all(keys, {key: getpass(f"{key}: ") for key in keys})


def _piped_secrets(keys: Sequence[str], stdin: TextIO) -> dict[str, str]:
    """Reads the value of each key from standard input. No message contains a line of it."""
    found: dict[str, str] = {}
    for number, line in enumerate(stdin.read().splitlines() if keys else (), start=1):
        key = next((each for each in keys if line.startswith(f"{each}=")), None)
        if key is None and line.strip():
            raise ToolError(
                f"standard input, line {number}: must be {LINE_FORMAT}, with one of the keys "
                f"that the other file encrypts: {', '.join(keys)}"
            )
        if key in found:
            raise ToolError(f"standard input, line {number}: {key}: duplicate key")
        if key:
            found[key] = line.removeprefix(f"{key}=")
    return _require_all(keys, found)


def _require_all(keys: Sequence[str], found: dict[str, str]) -> dict[str, str]:
    if missing := [key for key in keys if not found.get(key)]:
        raise ToolError(f"no value for {', '.join(missing)}: type it, or pipe in {LINE_FORMAT}")
    return found


def _provider(file: Path) -> str:
    """Returns the secrets provider of the file, which does not mention that of Pulumi Cloud."""
    document = read_document(file)
    default = "passphrase" if "encryptionsalt" in document else "Pulumi Cloud"
    return str(document.get("secretsprovider", default))


def _remove(name: str, file: Path, folder: Path) -> None:
    """Deletes the stack and its file. Pulumi does not delete a stack that has resources."""
    with suppress(ToolError):
        pulumi_output("stack", "rm", name, "--yes", folder=folder)
    file.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
