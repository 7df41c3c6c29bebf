"""Accepts connections on a port of a load balancer's address."""

import asyncio
import logging
import socket
from collections.abc import Callable

from sandbox.nlb.backends import Backends
from sandbox.nlb.connection import Connection, refuse

_log = logging.getLogger(__name__)

BACKLOG = 4096
"""Limit of connections that wait to be accepted: Linux's default maximum."""
PAUSE_SECONDS = 0.1
"""Pause after a failure to accept a connection. The likely cause is too many open files."""


class Listener:
    """Listens on an address and port. Clients wait while it is not serving.

    On Exoscale, clients wait too: packets are lost, and TCP sends them again.

    Args:
        place: the address and the port.
        opened: a function that is called with each new connection.
        closed: a function that is called with each connection that has closed.

    Raises:
        OSError: if it can't listen on `place`.
    """

    def __init__(
        self,
        place: tuple[str, int],
        opened: Callable[[Connection], None],
        closed: Callable[[Connection], None],
    ) -> None:
        self._opened = opened
        self._closed = closed
        self._socket = socket.create_server(place, backlog=BACKLOG)
        self._socket.setblocking(False)
        self._serving = asyncio.Event()
        self._accepting = asyncio.create_task(self._accept())
        self._carried: set[asyncio.Task[None]] = set()

    def serve(self, backends: Backends) -> None:
        """Starts forwarding connections to `backends`."""
        self._backends = backends
        self._serving.set()

    def pause(self) -> None:
        """Stops forwarding new connections; open connections continue."""
        self._serving.clear()

    def close(self) -> None:
        """Stops listening; waiting connections are reset, and open connections continue."""
        self._accepting.cancel()
        self._socket.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._serving.wait()
            try:
                client, address = await loop.sock_accept(self._socket)
            except OSError as error:
                _log.warning("%s:%s: %s", *self._socket.getsockname(), error)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            try:
                await self._serving.wait()  # `pause` may have been called meanwhile
            except asyncio.CancelledError:
                refuse(client)
                raise
            task = asyncio.create_task(self._carry(self._backends, client, address))
            self._carried.add(task)
            task.add_done_callback(self._carried.discard)

    async def _carry(
        self, backends: Backends, client: socket.socket, address: tuple[str, int]
    ) -> None:
        target = await backends.pick(address)
        if target is None:
            refuse(client)
            return
        connection = Connection((target, backends.service.target_port))
        self._opened(connection)
        try:
            await connection.carry(client)
        finally:
            self._closed(connection)
