"""The targets of one service: which are healthy, and which is the next connection's."""

import asyncio

from sandbox.nlb.health import Monitor
from sandbox.nlb.service import Service
from sandbox.nlb.strategy import choose


class Backends:
    """Follows the service that it is told; targets that stay keep their state.

    `source` is the address that health checks come from, None for any.
    """

    def __init__(self, service: Service, source: str | None = None) -> None:
        self._source = source
        self._monitors: dict[str, Monitor] = {}
        self._known = asyncio.Event()
        self._turn = 0
        self.follow(service)

    def follow(self, service: Service) -> None:
        """Check the targets of `service`, as it says, and no others."""
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
        """Check no more: who has come already gets a target known to be healthy, or none."""
        for monitor in self._monitors.values():
            monitor.stop()
        self._known.set()

    def healthy(self) -> list[str]:
        """The targets whose health check passes."""
        return [target for target, monitor in self._monitors.items() if monitor.healthy]

    async def pick(self, client: tuple[str, int]) -> str | None:
        """The target of a new connection, None if no target is healthy.

        While none is known to be healthy, the first checks are waited for.
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
