"""A publisher on this machine, which can be told to serve badly."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Publisher:
    """What is served, and how.

    Attributes:
        files: the content of each path.
        cuts: of how many answers only the first half is sent.
        status: answered to everything, where it is not None.
        requests: method, path and Range of each request.
        hanging: answers nothing until `released`.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cuts: int = 0
    ranges: bool = True
    status: int | None = None
    hanging: bool = False
    released: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)


@contextmanager
def publisher() -> Iterator[Publisher]:
    served = Publisher()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            wanted = self.headers.get("Range")
            served.requests.append((self.command, self.path, wanted))
            if served.hanging:
                served.released.wait()
                return
            content = served.files.get(self.path)
            status = served.status or (404 if content is None else 200)
            content = content if content is not None and status == 200 else b""
            begin = 0
            if wanted and served.ranges and status == 200:
                begin = int(wanted.removeprefix("bytes=").removesuffix("-"))
                status = 206 if begin < len(content) else 416
            content = content[begin:]
            self.send_response(status)
            if status == 206:
                end = begin + len(content)
                self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{end}")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                if served.cuts:
                    served.cuts -= 1
                    content = content[: len(content) // 2]
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        served.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
