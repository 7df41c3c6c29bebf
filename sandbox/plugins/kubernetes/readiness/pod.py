"""When a Pod is ready: scheduled, initialized, and ready or succeeded.

Source: pulumi/pulumi-kubernetes, `provider/pkg/await/pod.go`.
"""

from __future__ import annotations

from sandbox.plugins.kubernetes.readiness import pod_check
from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter
from sandbox.plugins.kubernetes.readiness.events import Event, Watched, named


class PodAwaiter(Awaiter):
    """Goes by the Pod's own conditions."""

    def watched(self) -> list[Watched]:
        return [named("v1", "Pod", self.live["metadata"]["name"])]

    def observe(self, event: Event, now: float) -> None:
        if not self.is_current(event) or event.type == "DELETED":
            return
        self.live = event.object
        for step in pod_check.steps(self.live):
            self.status(step.description)

    def ready(self) -> bool:
        return bool(self.live.get("status")) and pod_check.steps(self.live)[-1].done

    def reasons(self) -> list[str]:
        return pod_check.problems(self.live) if self.live.get("status") else []
