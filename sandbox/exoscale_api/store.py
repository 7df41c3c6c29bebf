"""The account's persistent state: an SQLite file of resources, which are JSON documents."""

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]

FILE_NAME = "account.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resource (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, id TEXT NOT NULL, zone TEXT, parent TEXT, body TEXT NOT NULL,
    UNIQUE (kind, id)
)
"""


class Store:
    """Stores resources by kind and ID. It is thread-safe.

    Each change is on disk when the call returns, or when the outermost `transaction` ends.
    Therefore a crash loses no answered change and leaves no partial changes.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = directory / FILE_NAME
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = threading.RLock()
        self._after_commit: list[Callable[[], object]] = []
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Makes the changes in the block atomic, also for other threads."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                self._after_commit.clear()
                raise
            self._db.execute("COMMIT")
            actions, self._after_commit = self._after_commit, []
            for action in actions:
                action()

    def after_commit(self, action: Callable[[], object]) -> None:
        """Calls `action` after the open transaction of this thread is committed."""
        self._after_commit.append(action)

    def put(
        self, kind: str, body: Json, *, zone: str | None = None, parent: str | None = None
    ) -> None:
        """Stores `body` under its "id"; an update keeps the zone, parent and position."""
        with self._lock:
            self._db.execute(
                "INSERT INTO resource (kind, id, zone, parent, body) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                (kind, body["id"], zone, parent, json.dumps(body)),
            )

    def find(self, kind: str, id_: str, *, zone: str | None = None) -> Json | None:
        """Returns the resource (in the zone, if given), None if it doesn't exist."""
        with self._lock:
            row = self._db.execute(
                "SELECT body FROM resource WHERE kind = ? AND id = ? AND zone IS coalesce(?, zone)",
                (kind, id_, zone),
            ).fetchone()
        return json.loads(row[0]) if row else None

    def parent(self, kind: str, id_: str) -> str:
        """Returns the ID of the parent of an existing resource."""
        with self._lock:
            (parent,) = self._db.execute(
                "SELECT parent FROM resource WHERE kind = ? AND id = ?", (kind, id_)
            ).fetchone()
        return str(parent)

    def zone(self, kind: str, id_: str) -> str:
        """Returns the zone of an existing resource that belongs to a zone."""
        with self._lock:
            (zone,) = self._db.execute(
                "SELECT zone FROM resource WHERE kind = ? AND id = ?", (kind, id_)
            ).fetchone()
        return str(zone)

    def list(self, kind: str, *, zone: str | None = None, parent: str | None = None) -> list[Json]:
        """Returns the resources of a kind (of the zone and the parent, if given), oldest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT body FROM resource WHERE kind = ? AND zone IS coalesce(?, zone) "
                "AND parent IS coalesce(?, parent) ORDER BY position",
                (kind, zone, parent),
            ).fetchall()
        return [json.loads(body) for (body,) in rows]

    def update(self, kind: str, id_: str, **changes: object) -> None:
        """Changes fields of an existing resource; `_` in a name stands for `-`."""
        with self.transaction():
            body = self.find(kind, id_)
            if body is None:
                raise KeyError(f"no {kind} {id_}")
            self.put(kind, body | {name.replace("_", "-"): v for name, v in changes.items()})

    def delete(self, kind: str, id_: str) -> None:
        with self._lock:
            self._db.execute("DELETE FROM resource WHERE kind = ? AND id = ?", (kind, id_))
