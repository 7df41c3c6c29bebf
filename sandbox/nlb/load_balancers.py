"""The load balancers of a sandbox, which run in a separate thread.

A target that fails its check or has left the instance pool gets no new connections. Open
connections continue, because Exoscale's load balancer forwards packets and closes no connections.
Connections to an instance that leaves the pool end when the instance is deleted; here after
`LEAVE_SECONDS` at the latest.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Sequence
from ipaddress import IPv4Network

from sandbox.nlb.backends import Backends
from sandbox.nlb.connection import Connection
from sandbox.nlb.listener import Listener
from sandbox.nlb.service import Service

_log = logging.getLogger(__name__)

LEAVE_SECONDS = 30.0
"""Time until open connections are reset after their target has left or their service was removed.
"""
PAUSE_SECONDS = 3.0
"""Time that clients wait at an address and port after the service was removed. Exoscale's cloud
controller removes a service and adds it again to change its instance pool."""

Place = tuple[str, int]


class LoadBalancers:
    """Forwards TCP connections for the services that `carry` sets.

    UDP services have health checks, but no forwarding.

    Args:
        network: the network of the load balancers' addresses, which this machine has.
        health_checks_from: the source address of health checks, None for any.
        leave_seconds: see `LEAVE_SECONDS`.
        pause_seconds: see `PAUSE_SECONDS`.
    """

    def __init__(
        self,
        network: IPv4Network,
        *,
        health_checks_from: str | None = None,
        leave_seconds: float = LEAVE_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self.network = network
        self._health_checks_from = health_checks_from
        self._leave_seconds = leave_seconds
        self._pause_seconds = pause_seconds
        self._backends: dict[str, Backends] = {}
        self._listeners: dict[Place, Listener] = {}
        self._closing: dict[Place, asyncio.TimerHandle] = {}
        self._connections: set[Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="load-balancers", daemon=True
        )
        self._thread.start()

    def carry(self, services: Sequence[Service]) -> dict[str, str]:
        """Replaces the services, and returns the errors by the ID of the service that failed."""
        return asyncio.run_coroutine_threadsafe(self._carry(services), self._loop).result()

    def healthy(self, service_id: str) -> list[str]:
        """Returns the targets of a service that pass its health check."""
        backends = self._backends.get(service_id)
        return backends.healthy() if backends else []

    async def _carry(self, services: Sequence[Service]) -> dict[str, str]:
        self._follow({service.id: service for service in services})
        places = {service.place: service for service in services if service.protocol == "tcp"}
        for place in self._listeners.keys() - places.keys():
            self._remove(place)
        failures = {service.id: self._serve(service) for service in places.values()}
        targets = {(target, s.target_port) for s in places.values() for target in s.targets}
        for connection in self._connections:
            if connection.target in targets:
                connection.stay()
            else:
                connection.leave(self._leave_seconds)
        return {id_: failure for id_, failure in failures.items() if failure}

    def _follow(self, services: dict[str, Service]) -> None:
        for id_ in self._backends.keys() - services.keys():
            self._backends.pop(id_).stop()
        for id_, service in services.items():
            if id_ in self._backends:
                self._backends[id_].follow(service)
            else:
                self._backends[id_] = Backends(service, self._health_checks_from)

    def _serve(self, service: Service) -> str:
        """Starts forwarding a service, unless it has started, and returns the error, if any."""
        place = service.place
        if place not in self._listeners:
            try:
                self._listeners[place] = Listener(
                    place, self._connections.add, self._connections.discard
                )
            except OSError as error:
                reason = os.strerror(error.errno or 0)
                failure = f"can't listen on port {place[1]} of {place[0]}: {reason}"
                _log.warning("%s", failure)
                return failure
        if closing := self._closing.pop(place, None):
            closing.cancel()
        self._listeners[place].serve(self._backends[service.id])
        return ""

    def _remove(self, place: Place) -> None:
        if place not in self._closing:
            self._listeners[place].pause()
            self._closing[place] = self._loop.call_later(self._pause_seconds, self._close, place)

    def _close(self, place: Place) -> None:
        self._closing.pop(place)
        self._listeners.pop(place).close()
