"""Rejects changes that would lose the data of a stack's databases.

The stack's state records where the data of each database is. A change that would leave data behind
fails before Pulumi changes anything, also in a preview, unless the previous or the new settings
have `allowDataLoss: true`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi

from components.lifecycle.before_update import before_update
from stack.args import AppArgs

ALLOWED = "abandonData"
"""The key of `allowDataLoss` in states, which is its former name."""

Record = Mapping[str, Any]
"""The settings of one database that locate its data, with their values, and `allowDataLoss`."""

PLACES = {
    "kind": "database.kind",
    "namespace": "namespace",
    "storageClass": "database.storageClass (or keepData)",
    "volume": "database.volume",
    "zone": "database.zone",
}
"""The entries of a record that locate the data, each with the key of its setting."""

HOW = "docs/databases.md describes how to move data"
ANOTHER = (
    "a new database would replace it, without this data or its password; to continue, set "
    f"database.allowDataLoss: true for this change; {HOW}"
)
DUMP = (
    "dump the data, set database.allowDataLoss: true for this change, which creates a new, empty "
    f"database, and restore the data; {HOW}"
)
OTHER_VOLUME = f"set another database.volume, or remove it; {HOW}"
GONE = (
    "its data would be left behind or deleted; to continue without it, restore the database with "
    f"database.allowDataLoss: true, run `pulumi up`, and then repeat this change; {HOW}"
)


class DataLeftBehind(Exception):
    """A change would lose data. The message has a line for each loss, with a remedy."""


def guard_database_data(apps: Sequence[AppArgs]) -> pulumi.Stash:
    """Creates the record of where the data of the applications' databases is.

    A stack without a database also has a record, so that the removal of the last database is
    noticed. The resources of applications must depend on the record: its check then runs first.
    """
    return pulumi.Stash(
        "databases",
        input={app.name: _record(app) for app in apps if app.database},
        opts=pulumi.ResourceOptions(hooks=before_update("databases", check_data)),
    )


def _record(app: AppArgs) -> dict[str, Any]:
    database = app.database
    assert database
    record: dict[str, Any] = {"kind": database.kind, ALLOWED: database.allow_data_loss}
    if database.kind == "dbaas":
        return record | {"zone": database.zone}
    return record | {
        "namespace": app.namespace_name,
        "storageClass": database.volume_class,
        "volume": database.volume,
        "version": database.major,
    }


def check_data(args: pulumi.ResourceHookArgs) -> None:
    """Checks a change of the databases, and warns of the data that `allowDataLoss` leaves behind.

    Raises:
        DataLeftBehind: the change would leave data behind without `allowDataLoss`, or would have
            another major version of PostgreSQL read the data, which it can't.
    """
    before: Mapping[str, Record] = (args.old_inputs or {})["input"]
    after: Mapping[str, Record] = (args.new_inputs or {})["input"]
    rejected = []
    for app, old in sorted(before.items()):
        new = after.get(app)
        abandoned = old[ALLOWED] or (new and new[ALLOWED])
        for loss, remedy in _losses(old, new):
            if abandoned and remedy != OTHER_VOLUME:
                pulumi.warn(f"{app}: {loss}: its data is abandoned")
            else:
                rejected.append(f"{app}: {loss}: {remedy}")
    if rejected:
        raise DataLeftBehind("\n".join(rejected))


def _losses(old: Record, new: Record | None) -> Iterator[tuple[str, str]]:
    """Yields each reason why a change leaves data behind, with what the user can do."""
    if new is None:
        yield "database: it was removed, or its application was renamed", GONE
        return
    same_volume = new.get("volume") and new.get("volume") == old.get("volume")
    for key, setting in PLACES.items():
        stays = key == "storageClass" and same_volume
        another = key != "kind" and old["kind"] != new["kind"]
        if old.get(key) != new.get(key) and not stays and not another:
            yield f"{setting}: {_text(new.get(key))}: the data is in {_text(old.get(key))}", ANOTHER
    old_version, new_version = old.get("version"), new.get("version")
    if old_version and new_version and old_version != new_version:
        yield (
            f"database.version (or image): {new_version}: it can't read the data of version "
            f"{old_version}",
            OTHER_VOLUME if same_volume else DUMP,
        )


def _text(value: object) -> str:
    return "none" if value is None else str(value)
