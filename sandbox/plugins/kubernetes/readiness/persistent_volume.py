"""When volumes and claims are ready: a volume is available or bound, a claim is bound.

Source: pulumi/pulumi-kubernetes, `provider/pkg/await/awaiters.go`. A claim of a StorageClass that
waits for the first Pod is not waited for.
"""

from __future__ import annotations

from typing import Any

from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter, Status
from sandbox.plugins.kubernetes.readiness.events import Event, Watched, named


class PersistentVolumeAwaiter(Awaiter):
    """Goes by the volume's phase."""

    default_timeout = 300.0

    def watched(self) -> list[Watched]:
        return [named("v1", "PersistentVolume", self.live["metadata"]["name"])]

    def observe(self, event: Event, now: float) -> None:
        if self.is_current(event) and event.type != "DELETED":
            self.live = event.object

    def ready(self) -> bool:
        if _phase(self.live) == "Available":
            self.status("✅ PV marked available")
        elif _phase(self.live) == "Bound":
            self.status("✅ PV has been bound")
        else:
            return False
        return True

    def reasons(self) -> list[str]:
        return [f"PersistentVolume is in the phase {_phase(self.live) or 'unset'}"]


class PersistentVolumeClaimAwaiter(Awaiter):
    """Goes by the claim's phase and its StorageClass's binding mode."""

    default_timeout = 300.0

    def __init__(self, live: dict[str, Any], status: Status) -> None:
        super().__init__(live, status)
        self._binding_mode: str | None = None

    def watched(self) -> list[Watched]:
        return [
            named("v1", "PersistentVolumeClaim", self.live["metadata"]["name"]),
            Watched("storage.k8s.io/v1", "StorageClass"),
        ]

    def observe(self, event: Event, now: float) -> None:
        if event.type == "DELETED":
            return
        if event.kind == "StorageClass":
            if event.object["metadata"]["name"] == self.live["spec"].get("storageClassName"):
                self._binding_mode = event.object.get("volumeBindingMode")
        elif self.is_current(event):
            self.live = event.object
            self.status(f"Waiting for claim to be bound (phase {_phase(self.live) or 'unset'})")

    def ready(self) -> bool:
        phase = _phase(self.live)
        if phase == "Pending" and self._binding_mode == "WaitForFirstConsumer":
            return True
        return phase == "Bound"

    def reasons(self) -> list[str]:
        storage_class = self.live["spec"].get("storageClassName")
        found = [f"PersistentVolumeClaim is in the phase {_phase(self.live) or 'unset'}"]
        if not storage_class:
            found.append(f'no storage class found for "{self.live["metadata"]["name"]}"')
        elif self._binding_mode is None:
            found.append(f'there is no storage class "{storage_class}"')
        return found


def _phase(item: dict[str, Any]) -> str:
    return str((item.get("status") or {}).get("phase", ""))
