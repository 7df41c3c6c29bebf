"""Makes a new volume of a backup, for the settings of an application: `make restore`.

It changes no application. A claim on the cluster makes the volume, which outlives the claim.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from components.exoscale.deleted_volumes import CSI_DRIVER
from components.volume.args import RETAINING_CLASS
from tools.backups.snapshots import Backup, backups_of, require_snapshot_api
from tools.command import run_tool
from tools.pods.api import Api
from tools.pods.application import MANAGED_BY, deployed
from tools.pulumi_command import ToolError
from tools.stacks import ROOT

MAKE_RESTORE = "make-restore"
"""The value of the label `managed-by` of what `make restore` creates."""

SECONDS = 900
"""The timeout of the new volume."""

PAUSE = 1.0
"""Seconds between two requests."""


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="restore", description="Makes a volume of a backup.")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--backup", required=True, help="a name that make backups shows")
    options = parser.parse_args(arguments)
    return run_tool("restore", lambda: restore(options.stack, options.backup, folder))


def restore(stack: str, name: str, folder: Path) -> None:
    """Makes the volume, and prints the settings that use it.

    Raises:
        ToolError: there is no such backup, it is no snapshot of Exoscale, or the volume fails.
    """
    with deployed(stack, folder, read_only=False) as (api, apps):
        require_snapshot_api(api, stack)
        backup = _named(name, backups_of(api, apps.values()))
        volume = make_volume(api, backup)
    app, _, part = backup.volume
    database = backup.is_of_database
    where = "its database" if database else f"its volume {part}"
    size = "storage" if database else "size"
    sys.stdout.write(
        f"{volume} is a new volume with the data of {backup.name}.\n"
        f"To use it, set in Pulumi.{stack}.yaml, for {where} of {app}:\n\n"
        f"  volume: {volume}\n  {size}: {backup.size}\n  allowDataLoss: true\n\n"
        "The preview shows that the claim is replaced. The new volume stays in your Exoscale\n"
        "account, and costs money, until you delete it.\n"
    )


def _named(name: str, backups: Iterable[Backup]) -> Backup:
    ready = {each.name: each for each in backups if each.is_ready}
    if name not in ready:
        known = ", ".join(ready) or "none"
        raise ToolError(f"BACKUP: {json.dumps(name)}: must be a complete backup: {known}")
    driver = (ready[name].content or {}).get("spec", {}).get("driver")
    if driver != CSI_DRIVER:
        raise ToolError(
            f"{name}: it is a snapshot of {driver or 'an unknown driver'}, not of Exoscale: create "
            "a claim with the data source with kubectl"
        )
    return ready[name]


def make_volume(api: Api, backup: Backup) -> str:
    """Makes a volume with the backup's data that is kept without a claim, and returns ZONE/ID.

    Raises:
        ToolError: the volume is not there in time.
    """
    namespace = backup.body["metadata"]["namespace"]
    claims = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    created = api.create(claims, _claim(backup))
    path = f"{claims}/{created['metadata']['name']}"
    try:
        volume = f"/api/v1/persistentvolumes/{_bound(api, path, namespace)}"
        handle = api.get(volume)["spec"]["csi"]["volumeHandle"]
    finally:
        api.delete(path)
    api.delete(volume)
    return str(handle)


def _claim(backup: Backup) -> dict[str, Any]:
    source = {
        "apiGroup": "snapshot.storage.k8s.io",
        "kind": "VolumeSnapshot",
        "name": backup.name,
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"generateName": "restore-", "labels": {MANAGED_BY: MAKE_RESTORE}},
        "spec": {
            "storageClassName": RETAINING_CLASS,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": backup.size}},
            "dataSource": source,
        },
    }


def _bound(api: Api, path: str, namespace: str) -> str:
    """Waits until the claim has a volume, and returns the volume's name."""
    deadline = time.monotonic() + SECONDS
    while True:
        claim = api.get(path)
        if claim.get("status", {}).get("phase") == "Bound":
            return str(claim["spec"]["volumeName"])
        if time.monotonic() > deadline:
            reason = _last_warning(api, namespace, claim["metadata"]["uid"])
            raise ToolError(f"there is no volume after {SECONDS} s: {reason}")
        time.sleep(PAUSE)


def _last_warning(api: Api, namespace: str, uid: str) -> str:
    selector = f"involvedObject.uid={uid},type=Warning"
    found = api.items(f"/api/v1/namespaces/{namespace}/events", fieldSelector=selector)
    return str(found[-1]["message"]) if found else "Exoscale's CSI driver reports no reason"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
