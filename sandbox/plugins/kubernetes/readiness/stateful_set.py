"""When a StatefulSet is ready.

Conditions and wording: pulumi/pulumi-kubernetes, `provider/pkg/await/statefulset.go`.
"""

from __future__ import annotations

from typing import Any

from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter, Status
from sandbox.plugins.kubernetes.readiness.events import Event, Watched, named
from sandbox.plugins.kubernetes.readiness.objects import label_selector
from sandbox.plugins.kubernetes.readiness.pod_problems import PodProblems


class StatefulSetAwaiter(Awaiter):
    """Ready once all replicas are, and are of the newest revision."""

    def __init__(self, live: dict[str, Any], status: Status) -> None:
        super().__init__(live, status)
        self._replicas_ready = False
        self._revision_ready = False
        self._counts = (0, 0)
        self._pods = PodProblems()

    def watched(self) -> list[Watched]:
        name = self.live["metadata"]["name"]
        pods = Watched("v1", "Pod", labels=label_selector(self.live))
        return [named("apps/v1", "StatefulSet", name), pods]

    def observe(self, event: Event, now: float) -> None:
        if event.kind == "Pod":
            self._pods.observe(event)
            return
        if not self.is_current(event):
            return
        self._replicas_ready = self._revision_ready = False
        if event.type == "DELETED":
            return
        self.live = event.object
        state = self.live.get("status") or {}
        if state.get("observedGeneration", 0) < self.live["metadata"]["generation"]:
            return
        self._weigh(self.live["spec"], state)
        self._show_progress()

    def _weigh(self, spec: dict[str, Any], state: dict[str, Any]) -> None:
        wanted = spec.get("replicas", 1)
        ready = state.get("readyReplicas", 0)
        on_delete = (spec.get("updateStrategy") or {}).get("type") == "OnDelete"
        self._replicas_ready = wanted == state.get("replicas", 0) == ready
        if on_delete and self.live["metadata"]["generation"] > 1:
            self._revision_ready = True
        else:
            current = state.get("currentRevision", "")
            self._revision_ready = bool(current) and current == state.get("updateRevision")
            self._replicas_ready &= wanted == state.get("currentReplicas", 0)
        if not self._revision_ready:
            ready = min(ready, state.get("updatedReplicas", 0))
        self._counts = (ready, wanted)

    def _show_progress(self) -> None:
        ready, wanted = self._counts
        if self._replicas_ready and self._revision_ready:
            return
        if self.live["metadata"]["generation"] <= 1:
            self.status(
                f"[1/2] Waiting for StatefulSet to create Pods ({ready}/{wanted} Pods ready)"
            )
        elif not self._replicas_ready:
            self.status(
                f"[1/3] Waiting for StatefulSet update to roll out ({ready}/{wanted} Pods ready)"
            )
        else:
            self.status("[2/3] Waiting for StatefulSet to update .status.currentRevision")

    def tick(self, now: float) -> None:
        self._pods.show(self.live, now, self.status)

    def ready(self) -> bool:
        if self._replicas_ready and self._revision_ready:
            self.status("✅ StatefulSet initialization complete")
            return True
        return False

    def reasons(self) -> list[str]:
        found = []
        ready, wanted = self._counts
        state = self.live.get("status") or {}
        if not self._replicas_ready:
            found.append(f"{ready} out of {wanted} replicas succeeded readiness checks")
        if not self._revision_ready:
            found.append(
                "StatefulSet controller failed to advance from revision "
                f'"{state.get("currentRevision", "")}" to revision '
                f'"{state.get("updateRevision", "")}"'
            )
        return found + self._pods.of(self.live)
