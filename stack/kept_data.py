"""Where the data of a stack's databases is, remembered from one run to the next.

A change that would leave data behind is refused before anything is done, in the preview too, unless
the settings before or after it say `abandonData`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi

from components.lifecycle.before_update import before_update
from stack.args import AppArgs

Record = Mapping[str, Any]
"""Of one database: each setting that its data depends on, with its value, and `abandonData`."""

PLACES = {
    "kind": "database.kind",
    "namespace": "namespace",
    "storageClass": "database.storageClass (or keepData)",
    "volume": "database.volume",
    "zone": "database.zone",
}
"""What in a record says where the data is, and the keys of the settings that say so."""

HOW = "docs/databases.md says how to take data along"
ANOTHER = (
    "another database would take its place, without this data or its password; to go on, set "
    f"database.abandonData: true for this change; {HOW}"
)
DUMP = (
    "dump the data, set database.abandonData: true for this change, which makes a new, empty "
    f"database, and restore it; {HOW}"
)
OTHER_VOLUME = f"give another database.volume, or none; {HOW}"
GONE = (
    "its data would stay behind or be lost; to go on without it, put it back with "
    f"database.abandonData: true, run up, and make this change then; {HOW}"
)


class DataLeftBehind(Exception):
    """What the user reads: a line for each database, with what it would lose and what to write."""


def remember_data(apps: Sequence[AppArgs]) -> pulumi.Stash:
    """Remember where the data of the applications' databases is.

    A stack without a database remembers that too: so the removal of the last one is seen. What an
    application consists of has to come after this.
    """
    return pulumi.Stash(
        "databases",
        input={app.name: _record(app) for app in apps if app.database},
        opts=pulumi.ResourceOptions(hooks=before_update("databases", check_data)),
    )


def _record(app: AppArgs) -> dict[str, Any]:
    database = app.database
    assert database
    told: dict[str, Any] = {"kind": database.kind, "abandonData": database.abandon_data}
    if database.kind == "dbaas":
        return told | {"zone": database.zone}
    return told | {
        "namespace": app.namespace_name,
        "storageClass": database.volume_class,
        "volume": database.volume,
        "version": database.major,
    }


def check_data(args: pulumi.ResourceHookArgs) -> None:
    """Check a change of the databases; warn of what is left behind as it was asked for.

    Raises:
        DataLeftBehind: data would be left behind that the settings do not abandon, or data would
            be read by a PostgreSQL that can't.
    """
    before: Mapping[str, Record] = (args.old_inputs or {})["input"]
    after: Mapping[str, Record] = (args.new_inputs or {})["input"]
    refused = []
    for app, old in sorted(before.items()):
        new = after.get(app)
        abandoned = old["abandonData"] or (new and new["abandonData"])
        for loss, what_to_do in _losses(old, new):
            if abandoned and what_to_do != OTHER_VOLUME:
                pulumi.warn(f"{app}: {loss}: its data is abandoned")
            else:
                refused.append(f"{app}: {loss}: {what_to_do}")
    if refused:
        raise DataLeftBehind("\n".join(refused))


def _losses(old: Record, new: Record | None) -> Iterator[tuple[str, str]]:
    """What in a change leaves data behind, and what the user can do."""
    if new is None:
        yield "database: it is taken out, or its application has another name", GONE
        return
    same_volume = new.get("volume") and new.get("volume") == old.get("volume")
    for key, setting in PLACES.items():
        stays = key == "storageClass" and same_volume
        another = key != "kind" and old["kind"] != new["kind"]
        if old.get(key) != new.get(key) and not stays and not another:
            yield f"{setting}: {_told(new.get(key))}: the data is in {_told(old.get(key))}", ANOTHER
    was, wanted = old.get("version"), new.get("version")
    if was and wanted and was != wanted:
        yield (
            f"database.version (or image): {wanted}: it can't read the data of version {was}",
            OTHER_VOLUME if same_volume else DUMP,
        )


def _told(value: object) -> str:
    return "none" if value is None else str(value)
