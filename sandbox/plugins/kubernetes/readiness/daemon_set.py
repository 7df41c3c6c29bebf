"""When a DaemonSet is ready: every node that should have a Pod has a ready one of the newest kind.

Source: pulumi/pulumi-kubernetes, `provider/pkg/await/daemonset.go`, and the kstatus library.
"""

from __future__ import annotations

from typing import Any, Final

from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter, Status
from sandbox.plugins.kubernetes.readiness.events import Event, Watched, named
from sandbox.plugins.kubernetes.readiness.objects import label_selector
from sandbox.plugins.kubernetes.readiness.pod_problems import PodProblems

_COUNTS: Final = {
    "Current": "currentNumberScheduled",
    "Updated": "updatedNumberScheduled",
    "Available": "numberAvailable",
    "Ready": "numberReady",
}


class DaemonSetAwaiter(Awaiter):
    """Goes by the counts in the DaemonSet's status."""

    def __init__(self, live: dict[str, Any], status: Status) -> None:
        super().__init__(live, status)
        self._pods = PodProblems()

    def watched(self) -> list[Watched]:
        name = self.live["metadata"]["name"]
        pods = Watched("v1", "Pod", labels=label_selector(self.live))
        return [named("apps/v1", "DaemonSet", name), pods]

    def observe(self, event: Event, now: float) -> None:
        if event.kind == "Pod":
            self._pods.observe(event)
        elif self.is_current(event) and event.type != "DELETED":
            self.live = event.object
            self.status(
                self._pending() or f"✅ All replicas scheduled as expected. {self._total()}"
            )

    def _total(self) -> str:
        return f"Replicas: {self.live['status']['desiredNumberScheduled']}"

    def _pending(self) -> str:
        state = self.live.get("status") or {}
        generation = self.live["metadata"]["generation"]
        observed = state.get("observedGeneration", 0)
        if observed != generation:
            return (
                f"DaemonSet generation is {generation}, "
                f"but latest observed generation is {observed}"
            )
        wanted = state.get("desiredNumberScheduled")
        if wanted is None:
            return "Missing .status.desiredNumberScheduled"
        for name, field in _COUNTS.items():
            if wanted > state.get(field, 0):
                return f"{name}: {state.get(field, 0)}/{wanted}"
        return ""

    def tick(self, now: float) -> None:
        self._pods.show(self.live, now, self.status)

    def ready(self) -> bool:
        return not self._pending()

    def reasons(self) -> list[str]:
        pending = self._pending()
        return ([pending] if pending else []) + self._pods.of(self.live)
