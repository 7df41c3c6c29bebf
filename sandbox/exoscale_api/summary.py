"""A read-only summary of a stored account, for people."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from sandbox.exoscale_api.store import FILE_NAME, Json

_FIELDS = {
    "sks-cluster": ("id", "name", "state", "level", "version", "endpoint"),
    "sks-nodepool": ("id", "name", "state", "size"),
    "instance": ("id", "name", "state", "public-ip"),
    "load-balancer": ("id", "name", "state", "ip"),
    "security-group": ("id", "name"),
    "anti-affinity-group": ("id", "name"),
}


def summary(store_dir: Path) -> dict[str, list[Json]]:
    """Clusters (with nodepools and instances), load balancers, groups and faults of an account.

    It is read from the file in `store_dir` alone, so the server may be running or not; an account
    that was never used has nothing.
    """
    resources = _resources(store_dir / FILE_NAME)

    def all_of(kind: str) -> Iterable[Json]:
        for zone, parent, body in resources.get(kind, []):
            yield {name: body.get(name) for name in _FIELDS[kind]} | {
                "zone": zone,
                "parent": parent,
            }

    def children(kind: str, parent: Json) -> list[Json]:
        return [child for child in all_of(kind) if child["parent"] == parent["id"]]

    faults = [body for _, _, body in resources.get("fault", [])]
    kept_from_ready = {node: fault["id"] for fault in faults for node in fault["nodes"]}

    def instances(nodepool: Json) -> list[Json]:
        return [
            child | {"fault": kept_from_ready.get(child["id"])}
            for child in children("instance", nodepool)
        ]

    def nodepools(cluster: Json) -> list[Json]:
        return [pool | {"instances": instances(pool)} for pool in children("sks-nodepool", cluster)]

    return {
        "sks-clusters": [
            cluster | {"nodepools": nodepools(cluster)} for cluster in all_of("sks-cluster")
        ],
        "load-balancers": [
            balancer | {"services": [service["name"] for service in body["services"]]}
            for balancer, (_, _, body) in zip(
                all_of("load-balancer"), resources.get("load-balancer", []), strict=True
            )
        ],
        "security-groups": list(all_of("security-group")),
        "anti-affinity-groups": list(all_of("anti-affinity-group")),
        "faults": faults,
    }


def _resources(file: Path) -> dict[str, list[tuple[str, str, Json]]]:
    """What is in the file, by kind: zone, parent and body, oldest first."""
    found: dict[str, list[tuple[str, str, Json]]] = {}
    if file.exists():
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            for kind, zone, parent, text in db.execute(
                "SELECT kind, zone, parent, body FROM resource ORDER BY position"
            ):
                found.setdefault(kind, []).append((zone, parent, json.loads(text)))
    return found
