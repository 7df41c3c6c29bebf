"""A summary of the stored resources, as JSON and as tables."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sandbox.exoscale_api import faults
from sandbox.exoscale_api.discovery import find_resources
from sandbox.exoscale_api.resource import Listing
from sandbox.exoscale_api.store import FILE_NAME, Json

Table = tuple[list[str], list[list[object]]]
"""Titles and rows."""


def summary(store_dir: Path) -> dict[str, list[Json]]:
    """Returns the account's resources of each kind with a `Listing`, and its faults.

    It reads only the file in `store_dir`, so the server needn't run. Without the file, the lists
    are empty.
    """
    listings = _listings()
    stored = _stored(store_dir / FILE_NAME)
    all_faults = [body for _, _, body in stored.get(faults.KIND, [])]
    kept_from_ready = {node: fault["id"] for fault in all_faults for node in fault["nodes"]}

    def entry(kind: str, zone: str, parent: str, body: Json) -> Json:
        fault = kept_from_ready.get(body["id"])
        resource = body | {"zone": zone, "parent": parent, "fault": fault}
        inner = {
            child.name: entries(child_kind, within=body["id"])
            for child_kind, child in listings.items()
            if child.within == kind
        }
        fields = {name: resource.get(name) for name in listings[kind].fields}
        return fields | listings[kind].derived(body) | inner

    def entries(kind: str, within: str | None = None) -> list[Json]:
        return [entry(kind, *found) for found in stored.get(kind, []) if within in (None, found[1])]

    lists = {
        listing.name: entries(kind) for kind, listing in listings.items() if not listing.within
    }
    return lists | {"faults": all_faults}


def tables(found: Mapping[str, list[Json]]) -> Iterator[Table]:
    """Yields the lists of a summary as tables, except faults and empty lists."""
    listings = _listings()

    def below(kind: str | None, parents: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
        for child_kind, child in listings.items():
            if child.within == kind:
                entries = [
                    entry | {"parent": parent.get("name")}
                    for parent in parents
                    for entry in parent[child.name]
                ]
                if entries:
                    yield list(child.columns), [_row(child, entry) for entry in entries]
                    yield from below(child_kind, entries)

    return below(None, [found])


def _listings() -> dict[str, Listing]:
    listed = {found.kind: found.status for found in find_resources() if found.status}
    return dict(sorted(listed.items(), key=lambda item: item[1].position))


def _row(listing: Listing, entry: Json) -> list[object]:
    columns = listing.columns.values()
    return [entry[column] if isinstance(column, str) else column(entry) for column in columns]


def _stored(file: Path) -> dict[str, list[tuple[str, str, Json]]]:
    """Returns zone, parent and body of the stored resources by kind, oldest first."""
    found: dict[str, list[tuple[str, str, Json]]] = {}
    if file.exists():
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            for kind, zone, parent, text in db.execute(
                "SELECT kind, zone, parent, body FROM resource ORDER BY position"
            ):
                found.setdefault(kind, []).append((zone, parent, json.loads(text)))
    return found
