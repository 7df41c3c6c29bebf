"""Waiting until an object is gone.

Source: pulumi/pulumi-kubernetes, `provider/pkg/await/condition/deleted.go`.
"""

from __future__ import annotations

from typing import Any

from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter, Status
from sandbox.plugins.kubernetes.readiness.events import Event, Watched, named


class DeletionAwaiter(Awaiter):
    """Done once the object is gone; another object of the same name does not count as it."""

    goal = "deleted"

    def __init__(self, live: dict[str, Any], status: Status) -> None:
        super().__init__(live, status)
        self._gone = False

    def watched(self) -> list[Watched]:
        return [named(self.live["apiVersion"], self.live["kind"], self.live["metadata"]["name"])]

    def observe(self, event: Event, now: float) -> None:
        metadata = event.object["metadata"]
        if event.type == "DELETED" or metadata["uid"] != self._first["metadata"]["uid"]:
            self._gone = True
        else:
            self.live = event.object
            if metadata.get("deletionTimestamp"):
                self.status("Resource scheduled for deletion")

    def expected(self) -> list[dict[str, Any]]:
        return [self._first]

    def ready(self) -> bool:
        return self._gone

    def reasons(self) -> list[str]:
        finalizers = self.live["metadata"].get("finalizers") or []
        if not finalizers:
            return []
        return [f"finalizers might be preventing deletion ({', '.join(finalizers)})"]
