"""When a Job is done. A Job that has failed is an error at once.

Source: pulumi/pulumi-kubernetes, `provider/pkg/await/job.go` and `checker/job`.
"""

from __future__ import annotations

from typing import Any

from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter, Status
from sandbox.plugins.kubernetes.readiness.events import Event, Watched, named
from sandbox.plugins.kubernetes.readiness.objects import condition
from sandbox.plugins.kubernetes.readiness.pod_check import qualified_name
from sandbox.plugins.kubernetes.readiness.pod_problems import PodProblems


class JobAwaiter(Awaiter):
    """Started, then complete."""

    def __init__(self, live: dict[str, Any], status: Status) -> None:
        super().__init__(live, status)
        self._errors: list[str] = []
        self._pods = PodProblems()

    def watched(self) -> list[Watched]:
        name = self.live["metadata"]["name"]
        pods = Watched("v1", "Pod", labels=f"batch.kubernetes.io/job-name={name}")
        return [named("batch/v1", "Job", name), pods]

    def observe(self, event: Event, now: float) -> None:
        if event.kind == "Pod":
            self._pods.observe(event)
            return
        if not self.is_current(event) or event.type == "DELETED":
            return
        self.live = event.object
        name = qualified_name(self.live)
        state = self.live.get("status") or {}
        if not state.get("startTime"):
            self.status(f'Waiting for Job "{name}" to start')
            return
        failure = condition(self.live, "Failed") or {}
        if failure.get("status") == "True":
            self._errors = [f"[{failure.get('reason', '')}] {failure.get('message', '')}"]
            self.failed = True
        counts = [state.get(field, 0) for field in ("active", "succeeded", "failed")]
        self.status(
            f'Waiting for Job "{name}" to succeed '
            "(Active: {} | Succeeded: {} | Failed: {})".format(*counts)
        )

    def tick(self, now: float) -> None:
        self._pods.show(self.live, now, self.status)

    def ready(self) -> bool:
        return (condition(self.live, "Complete") or {}).get("status") == "True"

    def reasons(self) -> list[str]:
        return self._errors + self._pods.of(self.live)
