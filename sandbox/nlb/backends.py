"""The targets of a service: checks their health and selects one for each connection."""

import asyncio

from sandbox.nlb.health import Monitor
from sandbox.nlb.service import Service
from sandbox.nlb.strategy import choose


class Backends:
    """The targets of a service.

    Args:
        service: the service.
        source: the source address of health checks, None for any.
    """

    def __init__(self, service: Service, source: str | None = None) -> None:
        self._source = source
        self._monitors: dict[str, Monitor] = {}
        self._known = asyncio.Event()
        self._turn = 0
        self.follow(service)

    def follow(self, service: Service) -> None:
        """Replaces the service. Remaining targets with the same check keep their state."""
        self.service = service
        for target, monitor in list(self._monitors.items()):
            if target not in service.targets or monitor.check != service.health_check:
                self._monitors.pop(target).stop()
        for target in service.targets:
            if target not in self._monitors:
                self._monitors[target] = Monitor(
                    target, service.health_check, self._judged, self._source
                )
        self._judged()

    def stop(self) -> None:
        """Stops the checks. `pick` then selects among the targets last known to be healthy."""
        for monitor in self._monitors.values():
            monitor.stop()
        self._known.set()

    def healthy(self) -> list[str]:
        """Returns the targets that pass their health check."""
        return [target for target, monitor in self._monitors.items() if monitor.healthy]

    async def pick(self, client: tuple[str, int]) -> str | None:
        """Returns the target for a new connection, None if no target is healthy.

        It waits until a target is healthy or all first checks have ended.
        """
        await self._known.wait()
        healthy = self.healthy()
        if not healthy:
            return None
        self._turn += 1
        return choose(self.service.strategy, healthy, client, self._turn)

    def _judged(self) -> None:
        verdicts = [monitor.healthy for monitor in self._monitors.values()]
        if any(verdicts) or None not in verdicts:
            self._known.set()
        else:
            self._known.clear()
