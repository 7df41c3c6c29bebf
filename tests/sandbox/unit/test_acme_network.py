"""Which HTTP-01 challenges of simulated nodes are answered, and what is said of the others."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from dns import message, query

from sandbox.acme.gate import Gate
from sandbox.acme.network import NOWHERE, ChallengeNetwork
from sandbox.name_server.zone import Record, Zone, full_name

BALANCER, OTHER = "203.0.113.7", "203.0.113.9"
HOST = "shop.example.com"
PATH = "/.well-known/acme-challenge/token"
SOCKS_UNREACHABLE, SOCKS_REFUSED = 4, 5


class Solver(BaseHTTPRequestHandler):
    """Answers with the host that it was asked for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"key of {self.headers['Host']}".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Clusters:
    """One load balancer, and a solver for one path."""

    def __init__(self, port: int) -> None:
        self.port = port

    def addresses(self, port: int) -> set[str]:
        return {BALANCER} if port == 80 else set()

    def solver(self, address: str, host: str, path: str) -> int | None:
        return self.port if (address, path) == (BALANCER, PATH) else None


def zones() -> list[Zone]:
    name = partial(full_name, origin="example.com")
    return [
        Zone(
            name(""),
            [
                Record(name(""), "SOA", 60, "ns. admin. 1 1 1 1 1"),
                Record(name("shop"), "A", 60, BALANCER),
                Record(name("wrong"), "A", 60, OTHER),
            ],
        )
    ]


@pytest.fixture(scope="module")
def network() -> Iterator[ChallengeNetwork]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Solver) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield ChallengeNetwork(zones, Clusters(server.server_address[1]))
        server.shutdown()


def seen_address(network: ChallengeNetwork, host: str) -> str:
    """The address of a name, as Pebble is told it."""
    server, port = network.resolver.split(":")
    answer = query.tcp(message.make_query(host, "A"), server, port=int(port), timeout=10)
    return str(answer.answer[0][0])


def through_proxy(network: ChallengeNetwork, host: str, port: int) -> tuple[int, bytes]:
    """What the SOCKS proxy replies, and what then answers a request for the challenge."""
    server, own = network.proxy.removeprefix("socks5://").split(":")
    with socket.create_connection((server, int(own)), 10) as connection:
        connection.sendall(b"\x05\x01\x00")
        assert connection.recv(2) == b"\x05\x00"
        name = host.encode()
        connection.sendall(bytes((5, 1, 0, 3, len(name))) + name + port.to_bytes(2, "big"))
        reply = connection.recv(10)[1]
        if reply:
            return reply, b""
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = b""
        while data := connection.recv(4096):
            answer += data
        return reply, answer.rpartition(b"\r\n")[2]


def test_pebble_reaches_a_load_balancer_on_this_machine(network: ChallengeNetwork) -> None:
    assert seen_address(network, HOST) == "127.0.0.1"
    assert seen_address(network, "wrong.example.com") == NOWHERE
    answer = requests.get(
        f"http://127.0.0.1:{network.http_port}{PATH}", headers={"Host": f"{HOST}:5002"}, timeout=10
    )
    assert answer.text == f"key of {HOST}"


def test_what_is_no_challenge_gets_no_answer(network: ChallengeNetwork) -> None:
    for host, path in ((HOST, "/"), ("wrong.example.com", PATH), ("unknown.example.com", PATH)):
        with pytest.raises(requests.ConnectionError, match="without response"):
            requests.get(
                f"http://127.0.0.1:{network.http_port}{path}", headers={"Host": host}, timeout=10
            )


@pytest.mark.parametrize(
    ("host", "port", "reply"),
    [
        ("unknown.example.com", 80, SOCKS_UNREACHABLE),
        ("letsencrypt.org", 443, SOCKS_UNREACHABLE),
        ("wrong.example.com", 80, SOCKS_REFUSED),
        (HOST, 443, SOCKS_REFUSED),
    ],
)
def test_cert_manager_is_told_what_is_wrong(
    network: ChallengeNetwork, host: str, port: int, reply: int
) -> None:
    assert through_proxy(network, host, port) == (reply, b"")


def test_cert_manager_reaches_the_solver(network: ChallengeNetwork) -> None:
    assert through_proxy(network, HOST, 80) == (0, f"key of {HOST}".encode())


def test_a_fault_ends_connections_to_the_acme_server() -> None:
    faulty = False
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), Solver) as server,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        gate = Gate(server.server_address[1], lambda: faulty)
        threading.Thread(target=asyncio.run, args=(gate.serve(listener),), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for faulty in (False, True, False):
            if faulty:
                with pytest.raises(requests.ConnectionError):
                    requests.get(url, timeout=10)
            else:
                assert requests.get(url, timeout=10).text == f"key of {url[7:]}"
        server.shutdown()
