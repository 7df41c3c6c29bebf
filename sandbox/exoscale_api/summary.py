"""A read-only summary of a stored account, for people."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sandbox.exoscale_api.store import FILE_NAME, Json

_LISTS = ("sks-clusters", "load-balancers", "security-groups", "anti-affinity-groups")
_FIELDS = {
    "sks-cluster": ("id", "name", "state", "level", "version", "endpoint"),
    "sks-nodepool": ("id", "name", "state", "size"),
    "load-balancer": ("id", "name", "state", "ip"),
    "security-group": ("id", "name"),
    "anti-affinity-group": ("id", "name"),
}


def summary(store_dir: Path) -> dict[str, list[Json]]:
    """Clusters (with nodepools), load balancers and groups of the account stored in `store_dir`.

    Reads the file alone, so the server may be running or not; an account that was never used has
    nothing.
    """
    path = store_dir / FILE_NAME
    if not path.exists():
        return {name: [] for name in _LISTS}
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        nodepools = _resources(db, "sks-nodepool")
        return {
            "sks-clusters": [
                cluster | {"nodepools": [p for p in nodepools if p["parent"] == cluster["id"]]}
                for cluster in _resources(db, "sks-cluster")
            ],
            "load-balancers": _resources(db, "load-balancer"),
            "security-groups": _resources(db, "security-group"),
            "anti-affinity-groups": _resources(db, "anti-affinity-group"),
        }


def _resources(db: sqlite3.Connection, kind: str) -> list[dict[str, Any]]:
    rows = db.execute(
        "SELECT zone, parent, body FROM resource WHERE kind = ? ORDER BY position", (kind,)
    )
    resources = []
    for zone, parent, text in rows:
        body = json.loads(text)
        resource = {name: body.get(name) for name in _FIELDS[kind]}
        resources.append(resource | {"zone": zone, "parent": parent})
    return resources
