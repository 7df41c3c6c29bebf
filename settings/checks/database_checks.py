"""Mistakes of a database that show when several of its keys are looked at together."""

from __future__ import annotations

from collections.abc import Iterator

from settings.apps.database import DatabaseSettings
from settings.mistakes import Mistake, rules
from settings.resources import quantity
from settings.types import given

GIB = 2**30
LARGEST_VOLUME = 10000
"""In GiB."""

OF_THE_OTHER = {
    "dbaas": ("image", "storage", "storageClass", "volume", "resources", "backup"),
    "postgresql": ("zone", "plan", "backupSchedule", "ipFilter"),
}
"""The keys that a kind has not, but the other."""


def kind(database: DatabaseSettings) -> Iterator[Mistake]:
    """Keys are those of the kind."""
    for key, value in given(database).items():
        if value is not None and key in OF_THE_OTHER[database.kind]:
            yield Mistake((key,), value, f"is not a key of kind {database.kind}")


def required(database: DatabaseSettings) -> Iterator[Mistake]:
    """A managed one is somewhere."""
    if database.kind == "dbaas" and not database.zone:
        yield Mistake(("zone",), None, "is required with kind dbaas")


def version(database: DatabaseSettings) -> Iterator[Mistake]:
    """The major version is known: data of one can't be read by another."""
    if database.kind != "postgresql":
        return
    if not database.major:
        allowed = f"is required: the tag of {database.image} does not begin with a major version"
        yield Mistake(("version",), None, allowed)
    elif database.major_in_tag not in (None, database.major):
        allowed = f"must be that of the image's tag, {database.major_in_tag}"
        yield Mistake(("version",), database.version, allowed)


def size(database: DatabaseSettings) -> Iterator[Mistake]:
    """Exoscale has volumes of this size.

    Source: exoscale-csi-driver v0.34.3, driver/controller.go: the claim would stay Pending.
    """
    gib = quantity(database.storage) / GIB
    if database.is_of_exoscale and (gib % 1 or not 1 <= gib <= LARGEST_VOLUME):
        allowed = f"must be whole GiB, from 1Gi to {LARGEST_VOLUME}Gi, as volumes of Exoscale's are"
        yield Mistake(("storage",), database.storage, allowed)


RULES = rules(DatabaseSettings, kind, required, version, size)
