"""Asynchronous operations: pending, then success or failure, across restarts of the server.

What is done at once is answered as a success. Longer work is a named task whose arguments are
stored with the operation: a task that was cut off runs again after a restart, so every task copes
with having been run in part.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from sandbox.exoscale_api.store import Json, Store
from sandbox.sks.spec import SksError

if TYPE_CHECKING:
    from sandbox.exoscale_api.account import Account

KIND = "operation"

_log = logging.getLogger(__name__)

Arguments = Mapping[str, str]


@dataclass(frozen=True)
class Task:
    """`run` does the work, in a thread; `failed` records on the resource that it was not done."""

    run: Callable[[Account, Arguments], None]
    failed: Callable[[Account, Arguments], None]


@dataclass(frozen=True)
class Reference:
    """What an operation is about: `command` is the operationId that reads it."""

    id: str
    path: str
    command: str

    @classmethod
    def to(cls, kind: str, id_: str) -> Reference:
        """A reference to a resource whose kind is its path and the name of its operations."""
        return cls(id_, f"/{kind}/{id_}", f"get-{kind}")

    def as_json(self) -> Json:
        return {"id": self.id, "link": f"/v2{self.path}", "command": self.command}


class _Undone(Exception):
    """Carries an operation out of a transaction that is rolled back."""


class Operations:
    def __init__(self, store: Store, tasks: Mapping[str, Task]) -> None:
        self._store = store
        self._tasks = tasks
        self._stopping = False

    def done(self, reference: Reference) -> Json:
        """An operation that has succeeded already."""
        operation = {"id": str(uuid4()), "state": "success", "reference": reference.as_json()}
        self._store.put(KIND, {"id": operation["id"], "operation": operation})
        return operation

    def begin(
        self, account: Account, task: str, arguments: Arguments, reference: Reference
    ) -> Json:
        """A pending operation, whose task starts when the transaction around it is on disk."""
        operation = {"id": str(uuid4()), "state": "pending", "reference": reference.as_json()}
        record = {
            "id": operation["id"],
            "operation": operation,
            "task": task,
            "arguments": dict(arguments),
        }
        with self._store.transaction():
            self._store.put(KIND, record)
            self._store.after_commit(lambda: self._start(account, record))
        return operation

    def fail(self, request: Callable[[], Json], message: str) -> Json:
        """The operation that `request` begins; it fails with `message`, and nothing is done.

        Raises what `request` raises: what the API refuses at once is refused.
        """
        try:
            with self._store.transaction():
                raise _Undone(request())
        except _Undone as undone:
            operation: Json = undone.args[0] | {"state": "pending"}
        failure = operation | {"state": "failure", "reason": "fault", "message": message}
        self._store.put(KIND, {"id": operation["id"], "operation": failure})
        return operation

    def hold(self, request: Callable[[], Json], holder: str) -> Json:
        """The operation that `request` begins, which stays pending until `release`."""
        with self._store.transaction():
            operation = request() | {"state": "pending"}
            record = self._store.find(KIND, operation["id"])
            assert record is not None
            self._store.put(KIND, record | {"operation": operation, "held-by": holder})
        return operation

    def release(self, account: Account, holder: str) -> None:
        """Let the operations go on that `holder` holds."""
        with self._store.transaction():
            for held in self._store.list(KIND):
                if held.get("held-by") == holder:
                    record = {key: value for key, value in held.items() if key != "held-by"}
                    self._store.put(KIND, record)
                    if "task" in record:
                        self._store.after_commit(partial(self._start, account, record))
                    else:
                        self._finish(record, state="success")

    def resume(self, account: Account) -> None:
        """Start again the tasks that an earlier server left pending."""
        for record in self._store.list(KIND):
            if record["operation"]["state"] == "pending":
                self._start(account, record)

    def stop(self) -> None:
        """Leave tasks that fail from now on, cut off by the end of the server, to `resume`."""
        self._stopping = True

    def _start(self, account: Account, record: Json) -> None:
        if "held-by" in (self._store.find(KIND, record["id"]) or {}):
            return
        threading.Thread(
            target=self._run, args=(account, record), name=record["task"], daemon=True
        ).start()

    def _run(self, account: Account, record: Json) -> None:
        task = self._tasks[record["task"]]
        try:
            task.run(account, record["arguments"])
        except Exception as error:
            if self._stopping:
                _log.info("%s interrupted: %s", record["task"], error)
                return
            known = isinstance(error, SksError)
            _log.error("%s failed: %s", record["task"], error, exc_info=not known)
            with self._store.transaction():
                task.failed(account, record["arguments"])
                message = str(error) if known else f"internal error: {type(error).__name__}"
                self._finish(record, state="failure", reason="fault", message=message)
        else:
            self._finish(record, state="success")

    def _finish(self, record: Json, **outcome: str) -> None:
        self._store.put(KIND, record | {"operation": record["operation"] | outcome})
