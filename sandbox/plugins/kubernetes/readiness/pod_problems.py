"""The Pods of a workload, and what holds them up."""

from __future__ import annotations

from typing import Any, Final

from sandbox.plugins.kubernetes.readiness.awaiter import Status
from sandbox.plugins.kubernetes.readiness.events import Event
from sandbox.plugins.kubernetes.readiness.objects import is_owned_by
from sandbox.plugins.kubernetes.readiness.pod_check import problems

EVERY_SECONDS: Final = 10.0


class PodProblems:
    """Keeps the Pods seen, and shows their problems every 10 seconds."""

    def __init__(self) -> None:
        self._pods: dict[str, dict[str, Any]] = {}
        self._shown: float | None = None

    def observe(self, event: Event) -> None:
        uid = event.object["metadata"]["uid"]
        if event.type == "DELETED":
            self._pods.pop(uid, None)
        else:
            self._pods[uid] = event.object

    def of(self, owner: dict[str, Any] | None) -> list[str]:
        """The problems of the owner's Pods."""
        if owner is None:
            return []
        return [
            problem
            for pod in self._pods.values()
            if is_owned_by(pod, owner)
            for problem in problems(pod)
        ]

    def show(self, owner: dict[str, Any] | None, now: float, status: Status) -> None:
        """Show the problems, unless that was done less than 10 seconds ago."""
        if self._shown is None:
            self._shown = now
        if now - self._shown >= EVERY_SECONDS:
            self._shown = now
            for problem in self.of(owner):
                status(problem)
