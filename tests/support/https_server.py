"""Small HTTPS servers on loopback, which an API server's processes trust."""

import json
import ssl
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sandbox.sks.pki import Authority, new_authority


@dataclass
class HttpsServer:
    """Answers GET with the JSON of `pages` by path; keeps what is posted, and its tokens."""

    url: str
    authority: Path
    pages: MutableMapping[str, Any] = field(default_factory=dict)
    posted: list[dict[str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)


@contextmanager
def https_server(directory: Path) -> Iterator[HttpsServer]:
    """A server with a certificate of its own authority, for as long as the block runs."""
    authority = new_authority("tests-authority")
    pair = Authority(authority).sign_server("tests", ["127.0.0.1"])
    files = {"ca.pem": authority.certificate, "server.pem": pair.certificate + pair.key}
    for name, text in files.items():
        (directory / name).write_bytes(text)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(served.pages.get(self.path))

        def do_POST(self) -> None:
            served.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            served.tokens.add(str(self.headers["Authorization"]))
            self._answer({})

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _answer(self, page: object) -> None:
            self.send_response(404 if page is None else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(page).encode())

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        served = HttpsServer(f"https://127.0.0.1:{server.server_address[1]}", directory / "ca.pem")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield served
        finally:
            server.shutdown()
