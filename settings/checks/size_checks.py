"""Files of an application: whether they are there, and fit into what keeps them.

Sources: kubernetes.io/docs/concepts/configuration/configmap, .../secret; Linux, `MAX_ARG_STRLEN`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from settings.app import AppSettings
from settings.apps.app_config import ConfigSettings, SecretsSettings
from settings.errors import path
from settings.mistakes import Mistake, Place, rules
from settings.stack import Settings

KIB = 1024
LARGEST_OBJECT = 1024 * KIB
"""The values of a ConfigMap or Secret, in bytes."""

LARGEST_SETTINGS = 128 * KIB
"""All of a stack's configuration, in bytes: Pulumi hands it to the program in one environment
variable, and can't start it with more."""


def config_files(config: ConfigSettings) -> Iterator[Mistake]:
    """What is no secret can be read, and fits into its ConfigMaps."""
    yield from _too_large("environment", map(str.encode, config.environment.values()))
    unreadable = [*_unreadable(config)]
    yield from unreadable
    if not unreadable:
        yield from _too_large(_files(config), config.contents.values())


def _unreadable(config: ConfigSettings) -> Iterator[Mistake]:
    """Files that are given by their paths, and are not there."""
    for target, file in config.files_from.items():
        try:
            Path(file).read_bytes()
        except OSError as error:
            allowed = f"must be the path of a file that can be read: {error.strerror}"
            yield Mistake(("filesFrom", target), file, allowed)


def secrets_size(secrets: SecretsSettings) -> Iterator[Mistake]:
    """What is secret fits into its Secrets."""
    for key, values in (("environment", secrets.environment), ("files", secrets.files)):
        yield from _too_large(key, (value.get_secret_value().encode() for value in values.values()))


def warnings(settings: Settings) -> Iterator[str]:
    """The largest file, where the files that are written in the settings are half of what fits."""
    sizes = {
        place: size
        for index, app in enumerate(settings.apps)
        for place, size in _written(app, index)
    }
    if sum(sizes.values()) > LARGEST_SETTINGS / 2:
        place = max(sizes, key=lambda each: sizes[each])
        yield (
            f"{path(place)}: {sizes[place] / KIB:.0f} KiB: all settings together may have "
            f"{LARGEST_SETTINGS / KIB:.0f} KiB: with more, Pulumi can't start the program;"
            " config.filesFrom has files by their paths"
        )


def _written(app: AppSettings, index: int) -> Iterator[tuple[Place, int]]:
    for target, text in app.config.files.items():
        yield ("apps", index, "config", "files", target), len(text.encode())
    for target, secret in app.secrets.files.items():
        yield ("apps", index, "secrets", "files", target), len(secret.get_secret_value().encode())


def _files(config: ConfigSettings) -> str:
    return "filesFrom" if config.files_from else "files"


def _too_large(key: str, values: Iterable[bytes]) -> Iterator[Mistake]:
    size = sum(map(len, values))
    if size > LARGEST_OBJECT:
        allowed = f"must have {LARGEST_OBJECT / KIB:.0f} KiB together at most"
        yield Mistake((key,), f"{size / KIB:.0f} KiB", allowed)


RULES = (
    *rules(ConfigSettings, config_files),
    *rules(SecretsSettings, secrets_size),
)
