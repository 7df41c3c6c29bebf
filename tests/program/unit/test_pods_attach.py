"""What is typed reaches the container, and what it writes reaches the right stream."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from kubernetes.stream.ws_client import ABNF

from tools.pods import attach
from tools.pulumi_command import ToolError


class Frame(NamedTuple):
    data: bytes


class Connection:
    """A WebSocket whose container writes `frames`, and ends once its input has ended."""

    def __init__(self, *frames: bytes) -> None:
        self.frames = [*frames]
        self.sent: list[tuple[int, bytes]] = []
        self.closed: list[int] = []
        self.sock: Any = self
        ours, self._theirs = socket.socketpair()
        self.pending_byte = ours
        self._theirs.send(b"!" * len(frames))

    def recv_data_frame(self, _: bool) -> tuple[int, Frame]:
        self.pending_byte.recv(1)
        if self.frames:
            return ABNF.OPCODE_BINARY, Frame(self.frames.pop(0))
        return ABNF.OPCODE_CLOSE, Frame(b"")

    def write_channel(self, channel: int, data: bytes) -> None:
        self.sent.append((channel, data))

    def close_channel(self, channel: int) -> None:
        self.closed.append(channel)
        self._theirs.send(b"!")


class Sockets:
    """What the client calls `sock`: the WebSocket, with the socket in it."""

    def __init__(self, connection: Connection) -> None:
        self.sock = connection.pending_byte
        self.recv_data_frame = connection.recv_data_frame


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The end of a pipe to write to, whose other end is the standard input."""
    monkeypatch.setattr(attach, "CLOSE_SECONDS", 0.0)
    monkeypatch.setattr(attach, "RESIZE_SECONDS", 0.01)
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield writing


def exchanged(connection: Connection, *, terminal: bool = False) -> None:
    connection.sock = Sockets(connection)
    attach.exchange(connection, terminal=terminal)


def test_input_follows_the_line_that_starts_the_command(
    typed: int, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    os.write(typed, b"select 1;\n\xff")
    os.close(typed)
    connection = Connection(b"\x01one\n\xff", b"\x02wrong\n", b"\x01", b"\x03{}")
    exchanged(connection)
    assert connection.sent == [(0, b"\n"), (0, b"select 1;\n\xff")]
    assert connection.closed == [0]
    assert capfdbinary.readouterr() == (b"one\n\xff", b"wrong\n")


def test_a_terminal_has_a_size_and_no_echo_of_that_line(
    typed: int, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(attach, "_size", lambda: '{"Width": 80, "Height": 24}')
    os.close(typed)
    connection = Connection(b"\x01", b"\x01\r\n\r\n$ ", b"\x01\r\n")
    exchanged(connection, terminal=True)
    assert connection.sent[0] == (4, b'{"Width": 80, "Height": 24}')
    assert capfdbinary.readouterr().out == b"\r\n$ \r\n"


def test_output_that_nobody_reads_ends_the_command(
    typed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with io.TextIOWrapper(os.fdopen(writing, "wb")) as output:
        monkeypatch.setattr("sys.stdout", output)
        with pytest.raises(ToolError, match="nobody reads the output"):
            exchanged(Connection(b"\x01one\n"))
    os.close(typed)
