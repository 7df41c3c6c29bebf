"""A read-only summary of what is stored, for people: as JSON, and as tables of that."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from sandbox.exoscale_api import faults
from sandbox.exoscale_api.discovery import find_resources
from sandbox.exoscale_api.resource import Listing
from sandbox.exoscale_api.store import FILE_NAME, Json

Table = tuple[list[str], list[list[object]]]
"""Heads and rows."""


def summary(store_dir: Path) -> dict[str, list[Json]]:
    """What the account has of each resource that has a `Listing`, and its faults.

    It is read from the file in `store_dir` alone, so the server may be running or not; an account
    that was never used has nothing.
    """
    listings = _listings()
    stored = _stored(store_dir / FILE_NAME)
    all_faults = [body for _, _, body in stored.get(faults.KIND, [])]
    kept_from_ready = {node: fault["id"] for fault in all_faults for node in fault["nodes"]}

    def entries(kind: str, within: str | None = None) -> list[Json]:
        listing = listings[kind]
        found = []
        for zone, parent, body in stored.get(kind, []):
            if within in (None, parent):
                fault = kept_from_ready.get(body["id"])
                resource = body | {"zone": zone, "parent": parent, "fault": fault}
                entry = {name: resource.get(name) for name in listing.fields}
                found.append(entry | listing.derived(body) | inner(kind, body["id"]))
        return found

    def inner(kind: str, id_: str) -> dict[str, list[Json]]:
        return {
            listings[child].name: entries(child, within=id_) for child in _within(kind, listings)
        }

    return {listings[kind].name: entries(kind) for kind in _within(None, listings)} | {
        "faults": all_faults
    }


def tables(found: Mapping[str, list[Json]]) -> Iterator[Table]:
    """A summary's lists as tables, without the empty ones and the faults."""
    listings = _listings()

    def below(kind: str, entries: list[Json]) -> Iterator[Table]:
        listing = listings[kind]
        if entries:
            columns = listing.columns
            yield (
                list(columns),
                [[_cell(column, entry) for column in columns.values()] for entry in entries],
            )
        for child in _within(kind, listings):
            yield from below(
                child,
                [
                    inner | {"parent": entry["name"]}
                    for entry in entries
                    for inner in entry[listings[child].name]
                ],
            )

    for kind in _within(None, listings):
        yield from below(kind, found[listings[kind].name])


def _listings() -> dict[str, Listing]:
    listed = {found.kind: found.status for found in find_resources() if found.status}
    return dict(sorted(listed.items(), key=lambda item: item[1].position))


def _within(kind: str | None, listings: Mapping[str, Listing]) -> list[str]:
    return [child for child, listing in listings.items() if listing.within == kind]


def _cell(column: str | Callable[[Json], object], entry: Json) -> object:
    return entry[column] if isinstance(column, str) else column(entry)


def _stored(file: Path) -> dict[str, list[tuple[str, str, Json]]]:
    """What is in the file, by kind: zone, parent and body, oldest first."""
    found: dict[str, list[tuple[str, str, Json]]] = {}
    if file.exists():
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            for kind, zone, parent, text in db.execute(
                "SELECT kind, zone, parent, body FROM resource ORDER BY position"
            ):
                found.setdefault(kind, []).append((zone, parent, json.loads(text)))
    return found
