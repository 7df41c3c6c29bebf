"""Kinds that are ready once a field has arrived: quotas, replication controllers, token Secrets.

Source: pulumi/pulumi-kubernetes, `provider/pkg/await/awaiters.go`.
"""

from __future__ import annotations

from typing import Any

from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter
from sandbox.plugins.kubernetes.readiness.events import Event, Watched, named


class _FieldAwaiter(Awaiter):
    """Looks at the object alone."""

    missing: str

    def watched(self) -> list[Watched]:
        metadata = self.live["metadata"]
        return [named(self.live["apiVersion"], self.live["kind"], metadata["name"])]

    def observe(self, event: Event, now: float) -> None:
        if self.is_current(event) and event.type != "DELETED":
            self.live = event.object

    def reasons(self) -> list[str]:
        return [self.missing]


class ResourceQuotaAwaiter(_FieldAwaiter):
    """The quota's limits are in force."""

    default_timeout = 60.0
    missing = "the quota's limits did not come into force"

    def ready(self) -> bool:
        hard = self.live["spec"].get("hard")
        return hard is None or bool((self.live.get("status") or {}).get("hard") == hard)


class ReplicationControllerAwaiter(_FieldAwaiter):
    """As many Pods are available as are wanted."""

    missing = "fewer Pods became available than are wanted"

    def ready(self) -> bool:
        available = (self.live.get("status") or {}).get("availableReplicas", 0)
        return bool(available == self.live["spec"].get("replicas", 1))


class TokenSecretAwaiter(_FieldAwaiter):
    """A service account's token has been put into the Secret."""

    default_timeout = 5.0
    missing = "the service account's token did not arrive"

    def ready(self) -> bool:
        return bool(self.live.get("data"))


def is_token(live: dict[str, Any]) -> bool:
    """Whether the object is a Secret that a controller fills."""
    return live["kind"] == "Secret" and live.get("type") == "kubernetes.io/service-account-token"
