"""An API that answers as Exoscale's would, for the few questions that the program asks itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest


class ExoscaleServer(HTTPServer):
    """Gives every question the same answer, and remembers what it was asked.

    Unless it has zones, the question for those is none of them: the address in the environment is
    that of each.
    """

    status = 200
    has_zones = False

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.asked: list[tuple[str, str]] = []
        """Paths, and the header that authorizes."""


class _Handler(BaseHTTPRequestHandler):
    server: ExoscaleServer

    def do_GET(self) -> None:
        if self.path == "/v2/zone" and not self.server.has_zones:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"zones": []}')
            return
        self.server.asked.append((self.path, self.headers.get("Authorization", "")))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(json.dumps(self.server.answer).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is written."""


@contextmanager
def exoscale_server(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> Iterator[ExoscaleServer]:
    """The API, which the environment leads to until the block ends."""
    with ExoscaleServer(answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("EXOSCALE_API_ENDPOINT", f"http://127.0.0.1:{server.server_port}/v2")
        monkeypatch.setenv("EXOSCALE_API_KEY", "EXOkey")
        monkeypatch.setenv("EXOSCALE_API_SECRET", "hidden")
        yield server
        server.shutdown()
        thread.join()
