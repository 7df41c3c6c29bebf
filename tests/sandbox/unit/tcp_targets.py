"""What a load balancer under test sends to: servers of their own loopback addresses."""

import socket
import socketserver
import threading
from typing import Any


class Target:
    """A server at `address`; port 0 takes a free one.

    It answers a line with its address, and one that begins with `GET` over HTTP with `status`.
    """

    def __init__(self, address: str, port: int = 0) -> None:
        self.address = address
        self.status = 200
        target = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    self.wfile.write(target._answer(line))

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self._server = socketserver.ThreadingTCPServer((address, port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def _answer(self, line: bytes) -> bytes:
        if line.startswith(b"GET "):
            return f"HTTP/1.1 {self.status} x\r\nContent-Length: 0\r\n\r\n".encode()
        return f"{self.address}\n".encode()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> "Target":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class Client:
    """A connection to a load balancer."""

    def __init__(self, place: tuple[str, int], source: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection(place, 5, source_address=(source, 0))

    def ask(self) -> str:
        """The address of the target that answers; empty if none does any more."""
        self._socket.sendall(b"who?\n")
        return self._socket.recv(100).decode().strip()

    def has_ended(self) -> bool:
        """Whether nothing more is answered."""
        try:
            return not self.ask()
        except ConnectionError:
            return True

    def close(self) -> None:
        self._socket.close()


def ask(place: tuple[str, int], source: str = "127.0.0.1") -> str:
    """Which target answers on a new connection."""
    client = Client(place, source)
    try:
        return client.ask()
    finally:
        client.close()
