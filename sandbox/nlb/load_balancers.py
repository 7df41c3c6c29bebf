"""The load balancers of one sandbox, in a thread of their own.

A target that fails its check, or has left the instance pool, gets no new connection. What is open
goes on: Exoscale's load balancer passes packets on, and ends no connection. With an instance that
leaves they end when it is gone, here after `LEAVE_SECONDS` at the latest.
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
"""How long what is open may go on when its target has left, or its service was removed."""
PAUSE_SECONDS = 3.0
"""How long clients wait at a place whose service was removed. Exoscale's cloud controller removes
a service and adds it again to point it at another instance pool."""

Place = tuple[str, int]


class LoadBalancers:
    """Carries TCP for the services that it was last told of.

    Services of UDP are checked and not carried.

    Args:
        port: of the account, by which its addresses differ from those of other sandboxes on the
            machine: 127.A.B.0/24, where A.B are the port's two bytes.
        health_checks_from: the address that health checks come from, None for any.
        leave_seconds: see `LEAVE_SECONDS`.
        pause_seconds: see `PAUSE_SECONDS`.
    """

    def __init__(
        self,
        port: int,
        *,
        health_checks_from: str | None = None,
        leave_seconds: float = LEAVE_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self.network = IPv4Network((127 << 24 | port << 8, 24))
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
        """Carry for these services and no others; why not, by the id of each that can't be."""
        return asyncio.run_coroutine_threadsafe(self._carry(services), self._loop).result()

    def healthy(self, service_id: str) -> list[str]:
        """The targets of a service whose health check passes."""
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
        """Begin to serve, if that has not begun; the reason if it can't be, else nothing."""
        place = service.place
        if place not in self._listeners:
            try:
                self._listeners[place] = Listener(
                    place, self._connections.add, self._connections.discard
                )
            except OSError as error:
                reason = os.strerror(error.errno or 0)
                failure = f"port {place[1]} of {place[0]} can't be listened on: {reason}"
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
