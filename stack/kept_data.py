"""Rejects changes that would lose the data of a stack's databases and persistent volumes.

The stack's state records where the data of each of them is. A change that would leave data behind
fails before Pulumi changes anything, also in a preview, unless the previous or the new settings
have `allowDataLoss: true`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi

from components.database.args import DatabaseArgs
from components.lifecycle.before_update import before_update
from components.web_app.volumes.args import VolumeArgs
from stack.args import AppArgs
from stack.kept_data_messages import (
    DATABASE,
    DUMP,
    OTHER_DATABASE_VOLUME,
    STILL_USED,
    VOLUME,
    Messages,
)

ALLOWED = "abandonData"
"""The key of `allowDataLoss` in states, which is its former name."""

VOLUME_KIND = "volume"
"""The kind of a persistent volume's record. A database's record has the kind of the database."""

Record = Mapping[str, Any]
"""The settings of one database or volume that locate its data, with their values, and
`allowDataLoss`."""

PLACES = ("kind", "namespace", "storageClass", "volume", "zone")
"""The entries of a record that locate the data."""

NOT_ALLOWED = (OTHER_DATABASE_VOLUME, STILL_USED)
"""What `allowDataLoss` does not allow."""


class DataLeftBehind(Exception):
    """A change would lose data. The message has a line for each loss, with a remedy."""


def guard_data(apps: Sequence[AppArgs]) -> pulumi.Stash:
    """Creates the record of where the data of the applications is.

    The record of a database has the application's name, and that of a volume APPLICATION/VOLUME. A
    stack without data also has the resource, so that the removal of the last database is noticed.
    The resources of applications must depend on it: its check then runs first.
    """
    records: dict[str, Record] = {}
    for app in apps:
        if app.database:
            records[app.name] = _of_database(app, app.database)
        for volume in app.persistent_volumes:
            records[f"{app.name}/{volume.name}"] = _of_volume(app, volume)
    return pulumi.Stash(
        "databases",
        input=records,
        opts=pulumi.ResourceOptions(hooks=before_update("databases", check_data)),
    )


def _of_database(app: AppArgs, database: DatabaseArgs) -> Record:
    record: dict[str, Any] = {"kind": database.kind, ALLOWED: database.allow_data_loss}
    if not database.claimed_volume:
        return record | {"zone": database.zone}
    return record | {
        "namespace": app.namespace_name,
        "storageClass": database.claimed_volume.class_name,
        "volume": database.claimed_volume.volume,
        "version": database.major,
    }


def _of_volume(app: AppArgs, volume: VolumeArgs) -> Record:
    assert volume.claimed  # persistent volumes have one
    return {
        "kind": VOLUME_KIND,
        ALLOWED: volume.allow_data_loss,
        "namespace": app.namespace_name,
        "storageClass": volume.claimed.class_name,
        "volume": volume.claimed.volume,
    }


def check_data(args: pulumi.ResourceHookArgs) -> None:
    """Checks a change of the data, and warns of the data that `allowDataLoss` leaves behind.

    Raises:
        DataLeftBehind: the change would leave data behind without `allowDataLoss`, would have
            another major version of PostgreSQL read the data, which it can't, or would have two
            applications use a volume.
    """
    before: Mapping[str, Record] = (args.old_inputs or {})["input"]
    after: Mapping[str, Record] = (args.new_inputs or {})["input"]
    rejected = [f"{name}: {loss}: {STILL_USED}" for name, loss in _shared(before, after)]
    for name, old in sorted(before.items()):
        new = after.get(name)
        abandoned = old[ALLOWED] or (new and new[ALLOWED])
        for loss, remedy in _losses(old, new):
            if abandoned and remedy not in NOT_ALLOWED:
                pulumi.warn(f"{name}: {loss}: its data is abandoned")
            else:
                rejected.append(f"{name}: {loss}: {remedy}")
    if rejected:
        raise DataLeftBehind("\n".join(rejected))


def _shared(before: Mapping[str, Record], after: Mapping[str, Record]) -> Iterator[tuple[str, str]]:
    """Yields each volume of an application that another pod still uses during the update.

    Pulumi starts an application's pods before it deletes those of a former application or
    namespace. The Deployment would wait for the volume, or two pods would write to it.
    """
    for name, new in sorted(after.items()):
        for other, old in sorted(before.items()):
            same_pod = name == other and old.get("namespace") == new.get("namespace")
            if new["kind"] == VOLUME_KIND and _same_volume(old, new) and not same_pod:
                user = f"{other} in the namespace {old['namespace']}"
                yield name, f"volume: {new['volume']}: {user} still uses it during this change"


def _losses(old: Record, new: Record | None) -> Iterator[tuple[str, str]]:
    """Yields each reason why a change leaves data behind, with what the user can do."""
    messages = _messages(old)
    if new is None:
        yield messages.gone, messages.restore
        return
    same_volume = _same_volume(old, new)
    stay = {VOLUME_KIND: ("namespace", "storageClass")}.get(old["kind"], ("storageClass",))
    for key in PLACES:
        stays = same_volume and key in stay
        another = key != "kind" and old["kind"] != new["kind"]
        if old.get(key) != new.get(key) and not stays and not another:
            setting = messages.settings.get(key, key)
            loss = f"{setting}: {_text(new.get(key))}: the data is in {_text(old.get(key))}"
            yield loss, messages.another
    old_version, new_version = old.get("version"), new.get("version")
    if old_version and new_version and old_version != new_version:
        yield (
            f"database.version (or image): {new_version}: it can't read the data of version "
            f"{old_version}",
            OTHER_DATABASE_VOLUME if same_volume else DUMP,
        )


def _same_volume(old: Record, new: Record) -> bool:
    """Whether both have the same existing volume."""
    return bool(new.get("volume")) and new.get("volume") == old.get("volume")


def _messages(record: Record) -> Messages:
    return VOLUME if record["kind"] == VOLUME_KIND else DATABASE


def _text(value: object) -> str:
    return "none" if value is None else str(value)
