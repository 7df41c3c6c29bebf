"""Forwards a client's connection to a target, in both directions."""

import asyncio
import socket
import struct
from typing import Self

CONNECT_SECONDS = 10
"""Timeout for the connection to the target; most clients have a longer one."""

_AT_ONCE = struct.pack("ii", 1, 0)


class _End(asyncio.Protocol):
    """One end of a connection. It sends received data to the other end, with flow control."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()
        self.finished = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.pause_reading()

    def join(self, other: Self) -> None:
        """Starts forwarding data to `other`."""
        self._other = other
        self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._other.transport.write(data)

    def eof_received(self) -> bool:
        self.finished = True
        self._other.transport.write_eof()
        if self._other.finished:
            self.transport.close()
            self._other.transport.close()
        return True

    def pause_writing(self) -> None:
        self._other.transport.pause_reading()

    def resume_writing(self) -> None:
        self._other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()
        if error is not None:
            reset(self._other.transport)


class Connection:
    """A connection to `target`, an address and a port."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self._deadline: asyncio.TimerHandle | None = None
        self._ends: list[_End] = []

    async def carry(self, client: socket.socket) -> None:
        """Connects to the target and forwards data until both sides have closed.

        If the target can't be reached, the client's connection is reset.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, far = await loop.create_connection(_End, *self.target)
        except (OSError, TimeoutError):
            refuse(client)
            return
        _, near = await loop.connect_accepted_socket(_End, client)
        self._ends = [near, far]
        near.join(far)
        far.join(near)
        for end in self._ends:
            await end.lost.wait()

    def stay(self) -> None:
        """Cancels `leave`: the connection continues until both sides have closed."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def leave(self, seconds: float) -> None:
        """Resets both sides after `seconds`, unless they have closed or `stay` is called."""
        if self._deadline is None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(seconds, self._reset)

    def _reset(self) -> None:
        for end in self._ends:
            reset(end.transport)


def refuse(client: socket.socket) -> None:
    """Resets a connection for which there is no target."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    client.close()


def reset(transport: asyncio.Transport) -> None:
    """Closes a connection with a TCP reset."""
    if not transport.is_closing():
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        transport.abort()
