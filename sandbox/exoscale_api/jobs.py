"""Jobs of asynchronous operations. A job is pending, and then succeeds or fails.

Exoscale uses the word operation both for a request and for the work that it starts. Here an
operation is that of OpenAPI, and a job is the work, whose state `get-operation` returns. Work that
is done immediately is answered as a success. Longer work is a named task, whose arguments are
stored with the job. An interrupted task runs again after a restart of the server, so each task must
be able to continue after a partial run.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.store import Json
from sandbox.sks.spec import SksError

KIND = "operation"

_log = logging.getLogger(__name__)

Arguments = Mapping[str, str]


@dataclass(frozen=True)
class Task:
    """A task. `run` does the work, in a thread; `failed` marks the resource after an error."""

    run: Callable[[Organization, Arguments], None]
    failed: Callable[[Organization, Arguments], None]


@dataclass(frozen=True)
class Reference:
    """The resource of a job; `command` is the ID of the operation that reads it."""

    id: str
    path: str
    command: str

    @classmethod
    def to(cls, kind: str, id_: str) -> Reference:
        """Returns a reference to a resource whose path and operations contain its kind."""
        return cls(id_, f"/{kind}/{id_}", f"get-{kind}")

    def as_json(self) -> Json:
        return {"id": self.id, "link": f"/v2{self.path}", "command": self.command}


class _Undone(Exception):
    """Carries a job out of a transaction that is rolled back."""


class Jobs:
    def __init__(self, organization: Organization, tasks: Mapping[str, Task]) -> None:
        self._organization = organization
        self._store = organization.store
        self._tasks = tasks
        self._stopping = False

    def done(self, reference: Reference) -> Json:
        """Returns a job that has already succeeded."""
        operation = {"id": str(uuid4()), "state": "success", "reference": reference.as_json()}
        self._store.put(KIND, {"id": operation["id"], "operation": operation})
        return operation

    def begin(self, task: str, arguments: Arguments, reference: Reference) -> Json:
        """Returns a pending job, whose task starts after the current transaction is committed."""
        operation = {"id": str(uuid4()), "state": "pending", "reference": reference.as_json()}
        record = {
            "id": operation["id"],
            "operation": operation,
            "task": task,
            "arguments": dict(arguments),
        }
        with self._store.transaction():
            self._store.put(KIND, record)
            self._store.after_commit(lambda: self._start(record))
        return operation

    def fail(self, request: Callable[[], Json], message: str) -> Json:
        """Returns the job of `request`, which fails with `message` without any change.

        If `request` raises an error, because the API rejects it immediately, that is raised.
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
        """Returns the job of `request`, which is pending until `release(holder)`."""
        with self._store.transaction():
            operation = request() | {"state": "pending"}
            record = self._store.find(KIND, operation["id"])
            assert record is not None
            self._store.put(KIND, record | {"operation": operation, "held-by": holder})
        return operation

    def release(self, holder: str) -> None:
        """Lets the jobs that `holder` holds continue."""
        with self._store.transaction():
            for held in self._store.list(KIND):
                if held.get("held-by") == holder:
                    record = {key: value for key, value in held.items() if key != "held-by"}
                    self._store.put(KIND, record)
                    if "task" in record:
                        self._store.after_commit(partial(self._start, record))
                    else:
                        self._finish(record, state="success")

    def resume(self) -> None:
        """Restarts the tasks that were pending when the server ended."""
        for record in self._store.list(KIND):
            if record["operation"]["state"] == "pending":
                self._start(record)

    def stop(self) -> None:
        """Keeps tasks pending that fail while the server ends; `resume` restarts them."""
        self._stopping = True

    def _start(self, record: Json) -> None:
        if "held-by" in (self._store.find(KIND, record["id"]) or {}):
            return
        threading.Thread(target=self._run, args=(record,), name=record["task"], daemon=True).start()

    def _run(self, record: Json) -> None:
        task = self._tasks[record["task"]]
        try:
            task.run(self._organization, record["arguments"])
        except Exception as error:
            if self._stopping:
                _log.info("%s interrupted: %s", record["task"], error)
                return
            known = isinstance(error, SksError)
            _log.error("%s failed: %s", record["task"], error, exc_info=not known)
            with self._store.transaction():
                task.failed(self._organization, record["arguments"])
                message = str(error) if known else f"internal error: {type(error).__name__}"
                self._finish(record, state="failure", reason="fault", message=message)
        else:
            self._finish(record, state="success")

    def _finish(self, record: Json, **outcome: str) -> None:
        self._store.put(KIND, record | {"operation": record["operation"] | outcome})
