"""An API server that answers GET requests from a table, for what uses the Kubernetes client.

It takes note of other requests, which change nothing.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kubernetes import client

Pages = dict[str, Any]
"""Path, with a query or not, to what is answered; a list stands for the list of its items, and text
for itself."""


@contextmanager
def kubernetes_api(
    pages: Pages,
    credentials: list[str | None] | None = None,
    patches: dict[str, Any] | None = None,
    written: list[tuple[str, str, Any]] | None = None,
) -> Iterator[client.ApiClient]:
    """A client of a server with `pages`, which may change meanwhile; other paths answer 404.

    `credentials` gets what requests say in `Authorization`, `patches` what is sent to each path,
    `written` the method, path and body of each request but GET. A created object gets a uid.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if credentials is not None:
                credentials.append(self.headers.get("Authorization"))
            page = pages.get(self.path, pages.get(self.path.partition("?")[0]))
            self.send_response(404 if page is None else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            document = {"metadata": {}, "items": page} if isinstance(page, list) else page or {}
            self.wfile.write((page if isinstance(page, str) else json.dumps(document)).encode())

        def do_PATCH(self) -> None:
            self._write()

        def do_POST(self) -> None:
            self._write()

        def do_DELETE(self) -> None:
            self._write()

        def _write(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if patches is not None and self.command == "PATCH":
                patches[self.path] = body
            if written is not None:
                written.append((self.command, self.path, body))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            created = {**body, "metadata": {**body.get("metadata", {}), "uid": "made"}}
            self.wfile.write(json.dumps(created if self.command == "POST" else {}).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        configuration = client.Configuration(host=f"http://127.0.0.1:{server.server_address[1]}")
        configuration.proxy = None
        try:
            yield client.ApiClient(configuration)
        finally:
            server.shutdown()


def kubeconfig(server: str) -> str:
    """A kubeconfig for a server that asks for no credentials."""
    document = {
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [{"name": "test", "cluster": {"server": server}}],
        "users": [{"name": "test", "user": {}}],
    }
    return json.dumps(document)
