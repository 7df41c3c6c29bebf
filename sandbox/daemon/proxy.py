"""The sandbox's HTTPS proxy, which redirects Exoscale's API names to the account on this machine.

Some clients send requests to a fixed address of Exoscale: the official provider plugin does so for
part of its calls. The proxy redirects them to the sandbox. It passes connections to names outside
Exoscale's domains through unchanged.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
import urllib.request
from base64 import b64encode
from collections.abc import Collection
from urllib.parse import unquote, urlsplit

from sandbox.account import LOOPBACK
from sandbox.environment.variables import CLOUD_DOMAINS
from sandbox.http_connect import CHUNK, HEAD_SECONDS, RejectedRequest, connect_target

_log = logging.getLogger(__name__)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """Serves `CONNECT` requests.

    Args:
        hosts: the names, on port 443, that lead to the account.
        certificate: the TLS context with the certificate for these names.
        api_port: the port on the loopback address where the account listens for plain HTTP.
    """

    def __init__(self, hosts: Collection[str], certificate: ssl.SSLContext, api_port: int) -> None:
        self._hosts = hosts
        self._certificate = certificate
        self._api_port = api_port

    async def serve(self, listener: socket.socket) -> None:
        """Serves on a bound socket until cancelled."""
        self._address = listener.getsockname()
        server = await asyncio.start_server(self._handle, sock=listener)
        async with server:
            await server.serve_forever()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = "(unknown)"
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS)
            name, port = connect_target(head)
            other = await self._route(name, port, head, writer)
            await _join((reader, writer), other)
        except RejectedRequest as refusal:
            status, reason = refusal.args
            _log.warning("%s refused: %s", name, reason)
            writer.write(_answer(status, reason))
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
            _log.info("%s: %s", name, error or type(error).__name__)
        finally:
            writer.close()

    async def _route(
        self, name: str, port: int, head: bytes, writer: asyncio.StreamWriter
    ) -> Streams:
        """Connects to the server for `name`, and answers the client's CONNECT request.

        Raises:
            RejectedRequest: if the server can't be reached, or is one of Exoscale's that the
                sandbox doesn't simulate.
        """
        if name in self._hosts and port == 443:
            other = await asyncio.open_connection(LOOPBACK, self._api_port)
            writer.write(_answer("200 Connection established"))
            await writer.start_tls(self._certificate, ssl_handshake_timeout=HEAD_SECONDS)
            return other
        if any(name == domain or name.endswith(f".{domain}") for domain in CLOUD_DOMAINS):
            raise RejectedRequest("403 Forbidden", f"the sandbox has no {name}:{port}")
        try:
            if outer := self._outer_proxy(name):
                return await _through(outer, head)
            other = await asyncio.open_connection(name, port)
        except OSError as error:
            raise RejectedRequest("502 Bad Gateway", f"{name}:{port}: {error}") from error
        writer.write(_answer("200 Connection established"))
        return other

    def _outer_proxy(self, name: str) -> str | None:
        """Returns the proxy for `name` in the daemon's environment, None if it is this one."""
        outer = urllib.request.getproxies_environment().get("https")
        if outer is None or urllib.request.proxy_bypass(name):
            return None
        address = urlsplit(outer)
        return None if (address.hostname, address.port) == self._address else outer


async def _through(proxy: str, head: bytes) -> Streams:
    """Forwards a CONNECT request to another proxy, whose answer is sent to the client."""
    address = urlsplit(proxy)
    if address.scheme not in ("http", "https") or address.hostname is None:
        raise RejectedRequest(
            "502 Bad Gateway", f"proxies with {address.scheme}:// are not supported"
        )
    secure = address.scheme == "https"
    port = address.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(address.hostname, port, ssl=secure or None)
    if address.username is not None:
        user = f"{unquote(address.username)}:{unquote(address.password or '')}"
        credentials = b"Proxy-Authorization: Basic " + b64encode(user.encode())
        head = head.removesuffix(b"\r\n") + credentials + b"\r\n\r\n"
    writer.write(head)
    return reader, writer


async def _join(client: Streams, server: Streams) -> None:
    """Copies data in both directions until the server closes its side."""
    upwards = asyncio.create_task(_copy(client[0], server[1]))
    try:
        await _copy(server[0], client[1])
    finally:
        upwards.cancel()
        server[1].close()
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await upwards


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def _answer(status: str, reason: str = "") -> bytes:
    if not reason:
        return f"HTTP/1.1 {status}\r\n\r\n".encode()
    body = f"{reason}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}"
    return f"{head}\r\nConnection: close\r\n\r\n".encode() + body
