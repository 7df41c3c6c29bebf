"""The port of a load balancer's address that clients connect to."""

import asyncio
import logging
import socket
from collections.abc import Callable

from sandbox.nlb.backends import Backends
from sandbox.nlb.connection import Connection, refuse

_log = logging.getLogger(__name__)

BACKLOG = 4096
"""As much as Linux keeps, by default, of connections that wait to be accepted."""
PAUSE_SECONDS = 0.1
"""After a failure to accept: too many open files, most likely."""


class Listener:
    """Listens at once; raises OSError where that can't be.

    While it does not serve, clients wait, as they do where their first packets are lost: their TCP
    sends them again. `opened` and `closed` are told of each connection.
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
        """Carry connections to `backends` from now on."""
        self._backends = backends
        self._serving.set()

    def pause(self) -> None:
        """Carry no more; what is open goes on."""
        self._serving.clear()

    def close(self) -> None:
        """Listen no more; those that wait are reset, and what is open goes on."""
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
                await self._serving.wait()  # it may have been paused since
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
