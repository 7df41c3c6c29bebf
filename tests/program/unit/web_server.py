"""A web server on the loopback that notes what it is asked, and answers from a table."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What is answered; a body that is no text is sent as JSON."""

    body: Any = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Pages = dict[str, Answer]
"""Method and path, such as `GET /shop/`, to what is answered. A test may change it."""


@dataclass
class WebServer:
    """A server that runs."""

    address: str
    asked: list[tuple[str, Any]]
    """Method and path of each request that is no GET, and the JSON in it."""


@contextmanager
def web_server(pages: Pages) -> Iterator[WebServer]:
    """A server with `pages`; to others it answers 404."""
    asked: list[tuple[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            request = f"{self.command} {self.path.partition('?')[0]}"
            length = int(self.headers.get("Content-Length", 0))
            if self.command != "GET":
                asked.append((request, json.loads(self.rfile.read(length) or "null")))
            answer = pages.get(request, Answer("not here\n", 404))
            is_text = isinstance(answer.body, str)
            body = (answer.body if is_text else json.dumps(answer.body)).encode()
            self.send_response(answer.status)
            if not is_text:
                self.send_header("Content-Type", "application/json")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = answer

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield WebServer(f"http://127.0.0.1:{server.server_address[1]}", asked)
        finally:
            server.shutdown()
