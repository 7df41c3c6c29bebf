"""Warns if the files in the settings become too large for Pulumi.

Sources: kubernetes.io/docs/concepts/configuration/configmap, .../secret; Linux, `MAX_ARG_STRLEN`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import SecretStr

from components.args.inputs import known
from components.args.problem import Place, path
from components.web_app.args import WebAppArgs
from stack.args import StackArgs

KIB = 1024
MAX_SETTINGS_BYTES = 128 * KIB
"""Maximum size of a stack's configuration in bytes. Pulumi passes it to the program in one
environment variable, and can't start the program with a larger one."""


def warnings(settings: StackArgs) -> Iterator[str]:
    """Yields a line for the largest file if all files together exceed half of the maximum."""
    sizes = {
        place: size
        for index, app in enumerate(settings.apps)
        for place, size in _written(app, index)
    }
    if sum(sizes.values()) > MAX_SETTINGS_BYTES / 2:
        place = max(sizes, key=lambda each: sizes[each])
        yield (
            f"{path(place)}: {sizes[place] / KIB:.0f} KiB: all settings together may have "
            f"{MAX_SETTINGS_BYTES / KIB:.0f} KiB: with more, Pulumi can't start the program;"
            " config.filesFrom reads files by their paths"
        )


def _written(app: WebAppArgs, index: int) -> Iterator[tuple[Place, int]]:
    for target, text in known(app.config.files).items():
        yield ("apps", index, "config", "files", target), len(text.encode())
    for target, secret in app.secrets.files.items():
        if isinstance(secret, SecretStr):
            size = len(secret.get_secret_value().encode())
            yield ("apps", index, "secrets", "files", target), size
