"""What the HTTPS proxy passes on, what it answers itself, and what it refuses."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.daemon.certificates import authority, server_context
from sandbox.daemon.proxy import Proxy
from sandbox.http_connect import RejectedRequest, connect_target

HOST = "api-ch-gva-2.exoscale.com"


class Server:
    """A server on the loopback address; `seen` is what clients sent first, a chunk each."""

    def __init__(self, answer: bytes) -> None:
        self.seen: list[bytes] = []
        self._answer = answer
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]

    async def serve(self, _: socket.socket) -> None:
        server = await asyncio.start_server(self._handle, sock=self.socket)
        await server.serve_forever()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen.append(await reader.read(4096))
        writer.write(self._answer)
        writer.close()


Run = Callable[[Proxy | Server], int]


@pytest.fixture
def run() -> Iterator[Run]:
    """Serve something in a thread; returns the port that it listens on."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def start(server: Proxy | Server) -> int:
        listener = socket.create_server(("127.0.0.1", 0)) if isinstance(server, Proxy) else None
        chosen = listener or server.socket  # type: ignore[union-attr]
        asyncio.run_coroutine_threadsafe(server.serve(chosen), loop)
        port: int = chosen.getsockname()[1]
        return port

    yield start

    async def stop() -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(stop(), loop).result(timeout=10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(autouse=True)
def no_outer_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def ask(port: int, name: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    return client


def everything(client: socket.socket) -> bytes:
    with client:
        return b"".join(iter(lambda: client.recv(4096), b""))


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    return server_context(tmp_path, [HOST])


def test_exoscales_name_leads_to_the_account(
    run: Run, context: ssl.SSLContext, tmp_path: Path
) -> None:
    api = Server(b"HTTP/1.1 200 OK\r\n\r\nhere")
    port = run(Proxy([HOST], context, run(api)))
    client = ask(port, f"{HOST}:443")
    assert client.recv(4096) == b"HTTP/1.1 200 Connection established\r\n\r\n"
    trusted = ssl.create_default_context(cadata=authority(tmp_path).certificate.decode())
    secure = trusted.wrap_socket(client, server_hostname=HOST)
    secure.sendall(f"GET /v2/zone HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    assert everything(secure).endswith(b"here")
    assert api.seen[0].startswith(b"GET /v2/zone")


@pytest.mark.parametrize(
    "name",
    [
        f"{HOST}:80",
        "api-zz-zzz-1.exoscale.com:443",
        "ppapi-ch-gva-2.exoscale.com:443",
        "sos-ch-gva-2.exo.io:443",
        "EXOSCALE.COM.:443",
    ],
)
def test_what_is_not_served_of_the_cloud_is_refused(
    run: Run, context: ssl.SSLContext, name: str
) -> None:
    port = run(Proxy([HOST], context, 1))
    answer = everything(ask(port, name)).decode()
    assert answer.startswith("HTTP/1.1 403 ")
    assert f"the sandbox has no {name.lower().replace('.:', ':')}" in answer


def test_other_names_are_let_through(run: Run, context: ssl.SSLContext) -> None:
    other = Server(b"pong")
    port = run(Proxy([HOST], context, 1))
    client = ask(port, f"127.0.0.1:{run(other)}")
    assert client.recv(4096) == b"HTTP/1.1 200 Connection established\r\n\r\n"
    client.sendall(b"ping")
    assert everything(client) == b"pong"
    assert other.seen == [b"ping"]


def test_nothing_listens_there(run: Run, context: ssl.SSLContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        unused = closed.getsockname()[1]
    port = run(Proxy([HOST], context, 1))
    assert everything(ask(port, f"127.0.0.1:{unused}")).startswith(b"HTTP/1.1 502 ")


def test_an_outer_proxy_gets_the_rest(
    run: Run, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = Server(b"HTTP/1.1 200 OK\r\n\r\nouter")
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:p%40ss@127.0.0.1:{run(outer)}")
    port = run(Proxy([HOST], context, 1))
    assert everything(ask(port, "example.org:443")) == b"HTTP/1.1 200 OK\r\n\r\nouter"
    assert outer.seen == [
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n"
        b"Proxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n"
    ]
    assert everything(ask(port, "sos-ch-gva-2.exo.io:443")).startswith(b"HTTP/1.1 403 ")
    assert len(outer.seen) == 1


def test_it_is_not_its_own_outer_proxy(
    run: Run, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Server(b"pong")
    port = run(Proxy([HOST], context, 1))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    assert b"200 Connection" in ask(port, f"127.0.0.1:{run(other)}").recv(4096)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"CONNECT a.example:443 HTTP/1.1\r\n\r\n", ("a.example", 443)),
        (b"CONNECT A.Example.:8443 HTTP/1.1\r\n\r\n", ("a.example", 8443)),
        (b"CONNECT [::1]:443 HTTP/1.1\r\n\r\n", ("::1", 443)),
    ],
)
def test_target(head: bytes, found: tuple[str, int]) -> None:
    assert connect_target(head) == found


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET http://a.example/ HTTP/1.1\r\n\r\n", "501"),
        (b"CONNECT a.example HTTP/1.1\r\n\r\n", "400"),
        (b"CONNECT :443 HTTP/1.1\r\n\r\n", "400"),
        (b"\r\n\r\n", "501"),
    ],
)
def test_no_target(head: bytes, status: str) -> None:
    with pytest.raises(RejectedRequest) as refusal:
        connect_target(head)
    assert refusal.value.args[0].startswith(status)
