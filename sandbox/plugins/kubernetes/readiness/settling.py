"""Endpoints that come and go are given a while to settle before they count.

Source: pulumi/pulumi-kubernetes, `provider/pkg/await/service.go` and `ingress.go`.
"""

from __future__ import annotations

from typing import Final

SETTLE_SECONDS: Final = 10.0


class Settling:
    """Settled 10 seconds after a disturbance; a later one unsettles until a wait is over."""

    def __init__(self) -> None:
        self.settled = False
        self.disturbed = False
        self._due: list[float] = []

    def disturb(self, now: float) -> None:
        self.settled = False
        self.disturbed = True
        self._due.append(now + SETTLE_SECONDS)

    def tick(self, now: float) -> None:
        if self._due and self._due[0] <= now:
            self._due = [due for due in self._due if due > now]
            self.settled = True
