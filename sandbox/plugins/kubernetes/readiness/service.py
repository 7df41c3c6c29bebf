"""When a Service is ready: it has endpoints that settled, and an address if it asks for one.

Conditions and wording: pulumi/pulumi-kubernetes, `provider/pkg/await/service.go`.
"""

from __future__ import annotations

from typing import Any

from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter, Status
from sandbox.plugins.kubernetes.readiness.events import Event, Watched, named
from sandbox.plugins.kubernetes.readiness.settling import Settling


class ServiceAwaiter(Awaiter):
    """A headless Service, one without a selector and an ExternalName need no Pods."""

    def __init__(self, live: dict[str, Any], status: Status) -> None:
        super().__init__(live, status)
        self._type = live["spec"].get("type", "ClusterIP")
        self._seen = False
        self._targets = False
        self._pending = False
        self._settling = Settling()
        status("[1/3] Finding Pods to direct traffic to")

    def watched(self) -> list[Watched]:
        name = self.live["metadata"]["name"]
        return [named("v1", "Service", name), named("v1", "Endpoints", name)]

    def observe(self, event: Event, now: float) -> None:
        if event.kind == "Endpoints":
            self._settling.disturb(now)
            subsets = event.object.get("subsets") or [] if event.type != "DELETED" else []
            self._targets = any(subset.get("addresses") for subset in subsets)
            self._pending = any(subset.get("notReadyAddresses") for subset in subsets)
        elif self.is_current(event):
            self._seen = event.type != "DELETED"
            if self._seen:
                self.live = event.object

    def tick(self, now: float) -> None:
        self._settling.tick(now)

    def settle(self) -> None:
        self._settling.settled = True

    def _has_address(self) -> bool:
        if self._type != "LoadBalancer":
            return self._seen
        balancer = (self.live.get("status") or {}).get("loadBalancer") or {}
        return self._seen and bool(balancer.get("ingress"))

    def _headless(self) -> bool:
        return self._type == "ExternalName" or bool(self.live["spec"].get("clusterIP") == "None")

    def ready(self) -> bool:
        if self._headless() or not self.live["spec"].get("selector"):
            return self._has_address()
        if self._has_address() and self._settling.settled and not self._pending:
            self.status("✅ Service initialization complete")
            return True
        if self._settling.settled and self._targets:
            self.status("[2/3] Attempting to allocate IP address to Service")
        return False

    def ready_at_last(self) -> bool:
        return self._has_address() and not self._pending

    def reasons(self) -> list[str]:
        if self._headless():
            return []
        found = []
        if not self._targets:
            found.append(
                "Service does not target any Pods. Selected Pods may not be ready, or "
                "field '.spec.selector' may not match labels on any Pods"
            )
        if self._type == "LoadBalancer" and not self._has_address():
            found.append(
                "Service was not allocated an IP address; does your cloud provider support this?"
            )
        return found
