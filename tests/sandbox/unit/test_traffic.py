"""The load that the end-to-end tests count failures by."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support import traffic
from tests.support.polling import eventually
from tests.support.traffic import Figures, SteadyLoad

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Served-By: one\r\n\r\nhi"


@contextmanager
def server(*answers: bytes) -> Iterator[str]:
    """Gives each connection the next answer, again and again, and ends it; its URL."""

    def serve() -> None:
        turn = 0
        while True:
            connection, _ = listener.accept()
            with connection:
                if not connection.recv(1000):
                    return
                connection.sendall(answers[turn % len(answers)])
                turn += 1

    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        socket.create_connection(listener.getsockname()).close()
        thread.join()


def load(url: str, rate: int, seconds: float) -> Figures:
    """The figures of a load that ran to its end."""
    with SteadyLoad(url, rate=rate, seconds=seconds) as running:
        eventually(lambda: running.figures.seconds, within=20)
    return running.figures


def test_it_is_as_many_requests_as_it_was_told() -> None:
    with server(OK) as url:
        figures = load(url, rate=200, seconds=0.5)
    assert figures.requests == 100
    assert figures.failures == {}
    assert figures.answered_by == {"one": 100}
    assert figures.seconds >= 0.49
    assert str(figures).startswith("100 requests in ")
    assert "failed: 0" in str(figures)


def test_failures_are_counted_by_what_happened() -> None:
    answers = [OK, b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", OK[:20], OK[:-1], b"x"]
    with server(*answers) as url:
        figures = load(url, rate=100, seconds=0.1)
    assert figures.failures == {"status 502": 2, "cut off": 6}
    told = r"failed: 2 status 502, 6 cut off \(begun \d+\.\d to \d+\.\d s after the load\)"
    assert re.search(told, str(figures))
    assert [what for _, what in figures.failed[:2]] == ["status 502", "cut off"]


def test_a_refused_connection_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert load(f"http://127.0.0.1:{port}/", rate=100, seconds=0.03).failures == {"refused": 3}


def test_silence_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "ANSWER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert load(url, rate=100, seconds=0.02).failures == {"no answer in time": 2}


def test_it_ends_with_its_block() -> None:
    with server(OK) as url:
        with SteadyLoad(url, rate=50) as running:
            eventually(lambda: running.figures.requests > 2, within=5)
        assert running.figures.requests == running.figures.answered_by["one"] < 100


def test_nothing_goes_elsewhere() -> None:
    with pytest.raises(ValueError, match=r"192\.0\.2\.1 is no address of this machine"):
        SteadyLoad("http://192.0.2.1/")
