"""The server: queries over UDP and TCP (RFC 1035, 7766)."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Sequence
from typing import cast

from dns import flags, message, rcode
from dns.exception import DNSException
from dns.message import Message

from sandbox.name_server.answer import PAYLOAD, respond
from sandbox.name_server.zone import Zone

_log = logging.getLogger(__name__)

_HEADER = 12
_MINIMUM = 512
"""The largest UDP answer in bytes for clients without EDNS."""
_LENGTH = 2
_IDLE_SECONDS = 10


class NameServer:
    """Answers for the zones that `zones` returns at the time of each query."""

    def __init__(self, zones: Callable[[], Sequence[Zone]]) -> None:
        self._zones = zones

    async def serve(self, datagrams: socket.socket, listener: socket.socket) -> None:
        """Serves on a bound UDP socket and a listening TCP socket until cancelled."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=datagrams)
        async with await asyncio.start_server(self._handle, sock=listener) as server:
            await server.serve_forever()

    def answer(self, wire: bytes, *, datagram: bool) -> bytes | None:
        """Returns the answer to a message, None if it gets none.

        An answer that is too large for a datagram has no records and the flag TC, so that the
        client asks again over TCP.
        """
        if len(wire) < _HEADER or wire[2] & 0x80:  # too short, or itself an answer
            return None
        try:
            query = message.from_wire(wire)
        except DNSException:
            return _malformed(wire)
        try:
            response = respond(query, self._zones())
        except Exception:
            _log.exception("failed to answer a query")
            response = message.make_response(query)
            response.set_rcode(rcode.SERVFAIL)
        size = max(_MINIMUM, min(query.payload, PAYLOAD)) if datagram else 65535
        return response.to_wire(max_size=size, prefer_truncation=True)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, TimeoutError):
            while True:
                length = await asyncio.wait_for(reader.readexactly(_LENGTH), _IDLE_SECONDS)
                body = reader.readexactly(int.from_bytes(length, "big"))
                answer = self.answer(await asyncio.wait_for(body, _IDLE_SECONDS), datagram=False)
                if answer is None:
                    break
                writer.write(len(answer).to_bytes(_LENGTH, "big") + answer)
                await writer.drain()
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if answer := self._server.answer(data, datagram=True):
            self._transport.sendto(answer, addr)


def _malformed(wire: bytes) -> bytes:
    response = Message(id=int.from_bytes(wire[:2], "big"))
    response.flags = flags.QR
    response.set_rcode(rcode.FORMERR)
    return response.to_wire()
