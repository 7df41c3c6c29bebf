"""When an Ingress is ready: its paths' Services have endpoints, and it has an address.

Conditions and wording: pulumi/pulumi-kubernetes, `provider/pkg/await/ingress.go`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter, Status
from sandbox.plugins.kubernetes.readiness.events import Event, Watched, named
from sandbox.plugins.kubernetes.readiness.settling import Settling

NO_ENDPOINTS_SECONDS: Final = 60.0


class IngressAwaiter(Awaiter):
    """A path whose Service has no endpoints is given up on once endpoints have settled, or after
    a minute without any; it is then only warned of."""

    def __init__(self, live: dict[str, Any], status: Status) -> None:
        super().__init__(live, status)
        self._has_address = False
        self._endpoints: set[str] = set()
        self._external: set[str] = set()
        self._settling = Settling()
        self._grace_until: float | None = None
        status("[1/3] Finding a matching service for each Ingress path")

    def watched(self) -> list[Watched]:
        return [
            named("networking.k8s.io/v1", "Ingress", self.live["metadata"]["name"]),
            Watched("v1", "Service"),
            Watched("v1", "Endpoints"),
        ]

    def observe(self, event: Event, now: float) -> None:
        name = event.object["metadata"]["name"]
        gone = event.type == "DELETED"
        if event.kind == "Endpoints":
            self._settling.disturb(now)
            (self._endpoints.discard if gone else self._endpoints.add)(name)
        elif event.kind == "Service":
            external = event.object["spec"].get("type") == "ExternalName" and not gone
            (self._external.add if external else self._external.discard)(name)
        elif self.is_current(event):
            self._has_address = False
            if not gone:
                self.live = event.object
                balancer = (self.live.get("status") or {}).get("loadBalancer") or {}
                self._has_address = bool(balancer.get("ingress"))

    def tick(self, now: float) -> None:
        self._settling.tick(now)
        if self._grace_until is None:
            self._grace_until = now + NO_ENDPOINTS_SECONDS
        elif now >= self._grace_until and not self._settling.disturbed:
            self._settling.settled = True

    def settle(self) -> None:
        self._settling.settled = True

    def _unmatched(self) -> Iterator[str]:
        for rule in self.live["spec"].get("rules") or []:
            for path in (rule.get("http") or {}).get("paths") or []:
                service = (path["backend"].get("service") or {}).get("name")
                if service and service not in self._external | self._endpoints:
                    where = rule.get("host", "") + path.get("path", "")
                    shown = f'"{where}"' if where else '"" (default path)'
                    yield f'{shown} -> "{service}"'

    def _endpoints_ready(self) -> bool:
        for unmatched in self._unmatched():
            if not self._settling.settled:
                return False
            self.status(f"No matching service found for ingress rule: {unmatched}")
        return True

    def ready(self) -> bool:
        found = self._endpoints_ready()
        if found and self._has_address:
            self.status("✅ Ingress initialization complete")
            return True
        if found:
            self.status("[2/3] Waiting for update of .status.loadBalancer with hostname/IP")
        return False

    def ready_at_last(self) -> bool:
        return self._endpoints_ready() and self._has_address

    def reasons(self) -> list[str]:
        found = []
        if not self._endpoints_ready():
            found.append("Ingress has at least one rule with an unavailable target endpoint.")
        if not self._has_address:
            found.append(
                "Ingress .status.loadBalancer field was not updated with a hostname/IP address. "
                "\n    for more information about this error, see https://pulumi.io/xdv72s"
            )
        return found
