"""Makes a snapshot of each persistent volume of a stack's applications: `make backup`.

It then deletes the oldest backups of each volume, but only those that it has made. A backup of a
volume that is kept without its claim is kept without its namespace too.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from components.manifests.labels import INSTANCE, NAME
from tools.backups.snapshots import (
    CONTENTS,
    MAKE_BACKUP,
    SIZE,
    VOLUME,
    Backup,
    backups_of,
    print_backups,
    require_snapshot_api,
    size_of,
    snapshots_path,
)
from tools.backups.volumes import Volume, snapshot_class, volumes_of
from tools.command import run_tool
from tools.pods.api import Api
from tools.pods.application import MANAGED_BY, Application, deployed, selected
from tools.pulumi_command import ToolError
from tools.stacks import ROOT

SECONDS = 900
"""The timeout of the snapshots: Exoscale first writes all data of the volume to several systems.

Source: community.exoscale.com/product/storage/block-storage/operation/snapshot.
"""
PAUSE = 1.0
"""Seconds between two requests."""

KEEP = 7
MAX_KEEP = 19
"""One less than the snapshots that Exoscale allows of a volume: the new one is made first.

Source: community.exoscale.com/documentation/block-storage/overview, limitations.
"""


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="backup", description="Makes snapshots of volumes.")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--app", default="", help="only this application")
    parser.add_argument("--keep", default=str(KEEP), help="number of backups of each volume")
    options = parser.parse_args(arguments)
    return run_tool("backup", lambda: backup(options.stack, options.app, options.keep, folder))


def backup(stack: str, name: str, keep: str, folder: Path) -> None:
    """Makes a backup of all volumes of the applications, or of one application.

    Raises:
        ToolError: there are no volumes, the cluster can't make snapshots, or one fails.
    """
    kept = _number(keep)
    with deployed(stack, folder, read_only=False) as (api, apps):
        chosen = selected(name, apps)
        volumes = [volume for app in chosen for volume in volumes_of(api, app)]
        if not volumes:
            raise ToolError(_no_volumes(api, stack, name, apps))
        require_snapshot_api(api, stack)
        _make(api, volumes, [snapshot_class(api, each) for each in volumes])
        retain(api, backups_of(api, chosen), volumes)
        delete_oldest(api, backups_of(api, chosen), kept)
        print_backups(backups_of(api, chosen))


def _number(keep: str) -> int:
    if not (keep.isascii() and keep.isdecimal() and 1 <= int(keep) <= MAX_KEEP):
        raise ToolError(f"KEEP: {json.dumps(keep)}: must be a whole number from 1 to {MAX_KEEP}")
    return int(keep)


def _no_volumes(api: Api, stack: str, name: str, apps: Mapping[str, Application]) -> str:
    others = [each.name for each in apps.values() if name and volumes_of(api, each)]
    known = f". Those that have: {', '.join(others)}" if others else ""
    return f"{name or stack}: no persistent volume in the cluster{known}"


def _make(api: Api, volumes: Sequence[Volume], classes: Sequence[str]) -> None:
    """Makes a snapshot of each volume. If one fails, those that are not complete are deleted."""
    now = datetime.now(UTC)
    made: list[str] = []
    try:
        for volume, class_name in zip(volumes, classes, strict=True):
            body = snapshot(volume, class_name, now)
            path = snapshots_path(volume.app.namespace)
            api.create(path, body)
            made.append(f"{path}/{body['metadata']['name']}")
        _wait(api, made)
    except BaseException:
        for each in made:
            if not Backup(api.find(each) or {"metadata": {}}).is_ready:
                api.delete(each)
        raise


def snapshot(volume: Volume, class_name: str, now: datetime) -> dict[str, Any]:
    """Returns the VolumeSnapshot of a volume."""
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshot",
        "metadata": {
            "name": f"{volume.claim_name}-{now:%Y%m%d-%H%M%S}",
            "labels": {
                NAME: volume.part,
                INSTANCE: volume.app.name,
                VOLUME: volume.name,
                MANAGED_BY: MAKE_BACKUP,
            },
            "annotations": {SIZE: size_of(volume.body)},
        },
        "spec": {
            "volumeSnapshotClassName": class_name,
            "source": {"persistentVolumeClaimName": volume.claim_name},
        },
    }


def _wait(api: Api, made: Sequence[str]) -> None:
    """Waits until all snapshots are complete, and says what they wait for."""
    deadline = time.monotonic() + SECONDS
    told: dict[str, str] = {}
    while True:
        waiting = [each for each in map(Backup, map(api.get, made)) if not each.is_ready]
        if not waiting:
            return
        for each in waiting:
            if told.get(each.name) != each.status:
                told[each.name] = each.status
                _tell(f"{each.name}: {each.status}")
        if time.monotonic() > deadline:
            reasons = "; ".join(f"{each.name}: {each.status}" for each in waiting)
            raise ToolError(f"not complete after {SECONDS} s: {reasons}")
        time.sleep(PAUSE)


def retain(api: Api, backups: Iterable[Backup], volumes: Iterable[Volume]) -> None:
    """Lets snapshots of kept volumes stay in the account when their namespace is deleted.

    Also those of an earlier run that was killed before.
    """
    kept = {each.key for each in volumes if each.is_retained}
    for each in backups:
        if each.content and each.is_ready and each.volume in kept:
            _set_policy(api, each.content, "Retain")


def delete_oldest(api: Api, backups: Iterable[Backup], keep: int) -> None:
    """Deletes the oldest backups of each volume that has more than `keep`.

    Incomplete ones are neither counted nor deleted: another run may wait for them.
    """
    for _, group in groupby(backups, key=lambda each: each.volume):
        ready = [each for each in group if each.is_ready]
        for each in ready[: max(0, len(ready) - keep)]:
            _delete(api, each)
            _tell(f"{each.name}: deleted, because KEEP={keep}")


def _delete(api: Api, backup: Backup) -> None:
    """Deletes a backup and its snapshot.

    The controller may still see the earlier policy, and leave the content. So that is deleted too.
    """
    if backup.content is None:
        api.delete(backup.path)
        return
    _set_policy(api, backup.content, "Delete")
    api.delete(backup.path)
    api.delete(_path(backup.content))


def _set_policy(api: Api, content: Mapping[str, Any], policy: str) -> None:
    """Sets whether a snapshot is deleted with its objects."""
    if content["spec"]["deletionPolicy"] != policy:
        api.patch(_path(content), {"spec": {"deletionPolicy": policy}})


def _path(content: Mapping[str, Any]) -> str:
    return f"{CONTENTS}/{content['metadata']['name']}"


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
