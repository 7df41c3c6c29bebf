"""The network for HTTP-01 challenges on simulated nodes, whose load balancers carry no traffic.

The addresses of such load balancers exist nowhere, and port 80 needs root. So the two programs that
ask for a challenge reach `Challenges` instead, a server on a loopback port:

- Pebble, through a view of the DNS server in which the address of every load balancer is 127.0.0.1.
- cert-manager, whose check before that has the fixed port 80, through a SOCKS proxy.

Both look the name up in the account's DNS zones. What is not the address of a load balancer with a
pod behind its port 80 refuses the connection. The proxy lets nothing leave this machine.
"""

import asyncio
import contextlib
import http.client
import logging
import socket
import threading
from collections.abc import Callable, Coroutine, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import urlsplit

from dns import message
from dns.rdatatype import RdataType

from sandbox.account import LOOPBACK
from sandbox.acme.gate import copy
from sandbox.name_server.answer import respond
from sandbox.name_server.server import NameServer
from sandbox.name_server.zone import Record, Zone

_log = logging.getLogger(__name__)

HTTP = 80
NOWHERE = "127.0.0.2"
"""An address where nothing listens."""

_HOST_UNREACHABLE, _CONNECTION_REFUSED = 4, 5  # RFC 1928, section 6
_FORWARD_SECONDS = 10

Zones = Callable[[], Sequence[Zone]]


class LoadBalanced(Protocol):
    """The clusters behind the load balancers."""

    def addresses(self, port: int) -> set[str]:
        """Returns the addresses of the load balancers that have the port and ready pods."""

    def solver(self, address: str, host: str, path: str) -> int | None:
        """Returns the loopback port of the program that answers a challenge, None if none does.

        Args:
            address: the address of the load balancer.
            host: the name in the request.
            path: the path of the request.
        """


class ChallengeNetwork:
    """Serves the three in threads, until the process ends."""

    def __init__(self, zones: Zones, clusters: LoadBalanced) -> None:
        self._zones, self._clusters = zones, clusters

        class Challenges(_Challenges):
            find = staticmethod(self._solver)

        server = ThreadingHTTPServer((LOOPBACK, 0), Challenges)
        threading.Thread(target=server.serve_forever, name="challenges", daemon=True).start()
        self.http_port: int = server.server_address[1]
        self.resolver = self._serve(self._name_server)
        self.proxy = f"socks5://{self._serve(self._socks)}"

    def _serve(self, serve: Callable[[socket.socket], Coroutine[Any, Any, None]]) -> str:
        listener = socket.create_server((LOOPBACK, 0))
        threading.Thread(target=asyncio.run, args=(serve(listener),), daemon=True).start()
        return "{}:{}".format(*listener.getsockname())

    async def _name_server(self, listener: socket.socket) -> None:
        datagrams = socket.socket(type=socket.SOCK_DGRAM)
        datagrams.bind(listener.getsockname())
        await NameServer(self._view).serve(datagrams, listener)

    def _view(self) -> list[Zone]:
        balancers = self._clusters.addresses(HTTP)

        def seen(record: Record) -> str:
            if record.type != "A":
                return record.data
            return LOOPBACK if record.data in balancers else NOWHERE

        return [zone.with_data(seen) for zone in self._zones()]

    async def _socks(self, listener: socket.socket) -> None:
        async with await asyncio.start_server(self._connect, sock=listener) as server:
            await server.serve_forever()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves a connection without authentication to a host that is named (RFC 1928)."""
        with contextlib.suppress(OSError, EOFError):
            _, methods = await reader.readexactly(2)
            await reader.readexactly(methods)
            writer.write(b"\x05\x00")
            *_, kind, size = await reader.readexactly(5)
            name = await reader.readexactly(size if kind == 3 else 3)  # 3: a name; 1: an address
            port = int.from_bytes(await reader.readexactly(2), "big")
            host = name.decode() if kind == 3 else ".".join(map(str, (size, *name)))
            reply = await asyncio.to_thread(self._reply, host, port)
            writer.write(bytes((5, reply, 0, 1, *bytes(6))))
            if not reply:
                other = await asyncio.open_connection(LOOPBACK, self.http_port)
                await asyncio.gather(copy(reader, other[1]), copy(other[0], writer))
        writer.close()

    def _reply(self, host: str, port: int) -> int:
        address = self._address(host)
        if address is None:
            _log.info("%s: no address in the account's DNS zones", host)
            return _HOST_UNREACHABLE
        return 0 if address in self._clusters.addresses(port) else _CONNECTION_REFUSED

    def _address(self, host: str) -> str | None:
        with contextlib.suppress(OSError):
            return socket.inet_ntoa(socket.inet_aton(host))
        answer = respond(message.make_query(host, RdataType.A), self._zones()).answer
        found = [each.address for group in answer if group.rdtype == RdataType.A for each in group]
        return found[0] if found else None

    def _solver(self, host: str, path: str) -> int | None:
        address = self._address(host)
        return self._clusters.solver(address, host, path) if address else None


class _Challenges(BaseHTTPRequestHandler):
    """Forwards a challenge to its solver; other requests get no answer."""

    find: Callable[[str, str], int | None]

    def do_GET(self) -> None:
        self.close_connection = True
        host = urlsplit(f"//{self.headers['Host']}").hostname or ""
        port = type(self).find(host, self.path)
        if port is None:
            _log.info("http://%s%s: nothing answers", host, self.path)
            return
        solver = http.client.HTTPConnection(LOOPBACK, port, timeout=_FORWARD_SECONDS)
        with contextlib.closing(solver):
            solver.request("GET", self.path, headers={"Host": host})
            answer = solver.getresponse()
            body = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        _log.debug(format, *arguments)
