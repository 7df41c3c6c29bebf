"""The port of the ACME server, which forwards connections to it unless a fault makes it fail.

The server itself keeps running, because its accounts would be lost with its process.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from sandbox.account import LOOPBACK
from sandbox.http_connect import CHUNK


class Gate:
    """Forwards connections to a loopback port, until they or `drops` end them.

    Args:
        port: the port of the server.
        drops: a function that returns whether connections are closed without an answer.
    """

    def __init__(self, port: int, drops: Callable[[], bool]) -> None:
        self._port, self._drops = port, drops

    async def serve(self, listener: socket.socket) -> None:
        """Serves on a listening socket until cancelled."""
        async with await asyncio.start_server(self._handle, sock=listener) as server:
            await server.serve_forever()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError), contextlib.closing(writer):
            if self._drops():
                return
            other = await asyncio.open_connection(LOOPBACK, self._port)
            with contextlib.closing(other[1]):
                upwards = asyncio.create_task(copy(reader, other[1], self._drops))
                await copy(other[0], writer, self._drops)
                upwards.cancel()


async def copy(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    ends: Callable[[], bool] = lambda: False,
) -> None:
    """Copies data until the sender or `ends` ends it, and closes the other side then."""
    with contextlib.suppress(OSError):
        while (data := await reader.read(CHUNK)) and not ends():
            writer.write(data)
            await writer.drain()
    writer.close()
