"""Attaches the terminal, or a pipe, to a container that waits for a line (`run_objects.HOLD`)."""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import struct
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kubernetes.client import CoreV1Api
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream
from kubernetes.stream.ws_client import (
    ABNF,
    RESIZE_CHANNEL,
    STDERR_CHANNEL,
    STDIN_CHANNEL,
    STDOUT_CHANNEL,
    WebSocketConnectionClosedException,
)

from tools.pods.api import Api, message
from tools.pulumi_command import ToolError

RELEASE = b"\n"
ECHO = re.compile(rb"\A\r?\n")
"""What a terminal writes when it gets RELEASE."""

CHUNK = 4096
"""Bytes that are sent at once: so few that a socket that accepts some accepts all of them."""

CLOSE_SECONDS = 2.0
"""The time between the last input and its end, at which containerd drops what the command has not
read yet. Seen on nodes that run containers: of 120 KB, `cat` got 32 KiB."""

RESIZE_SECONDS = 0.5
"""How often the size of the terminal is read."""

BODY = re.compile(r"b'(.*)'\Z", re.DOTALL)
"""The server's answer in the client's message about a connection that was refused."""


def attach(api: Api, namespace: str, pod: str, container: str, *, terminal: bool) -> None:
    """Connects the standard streams with those of the container, until these end.

    Raises:
        ToolError: the API server or the node does not connect, or nobody reads the output.
    """
    try:
        connection = stream(
            CoreV1Api(api.client).connect_get_namespaced_pod_attach,
            pod,
            namespace,
            container=container,
            stdin=True,
            stdout=True,
            stderr=not terminal,
            tty=terminal,
            binary=True,
            _preload_content=False,
        )
    except ApiException as error:
        raise ToolError(f"{pod}: the terminal can't be attached: {_reason(error)}") from None
    try:
        with raw_mode(terminal):
            exchange(connection, terminal=terminal)
    except (WebSocketConnectionClosedException, OSError):
        return  # the status of the container says whether it has ended
    finally:
        connection.close()


def _reason(error: ApiException) -> str:
    """Returns the server's message, which the client hides among the headers."""
    body = BODY.search(str(error.reason))
    return message(body[1].encode()) if body else str(error.reason)


@contextmanager
def raw_mode(terminal: bool) -> Iterator[None]:
    """Hands each key to the container, Ctrl-C too, and restores the terminal at the end."""
    if not terminal:
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def exchange(connection: Any, *, terminal: bool) -> None:
    """Copies input and output until the container closes the connection.

    Output is read while input waits to be sent: a command may write before it reads.
    """
    socket, keyboard = connection.sock.sock, sys.stdin.fileno()
    unsent, reading, closing, echo, size = RELEASE, True, 0.0, terminal, ""
    while True:
        if terminal and size != _size():
            size = _size()
            connection.write_channel(RESIZE_CHANNEL, size.encode())
        inputs = [socket, keyboard] if reading and not unsent else [socket]
        buffered = getattr(socket, "pending", int)()
        readable, writable, _ = select.select(
            inputs, [socket] if unsent else [], [], 0 if buffered else RESIZE_SECONDS
        )
        if buffered or socket in readable:
            operation, frame = connection.sock.recv_data_frame(True)
            if operation == ABNF.OPCODE_CLOSE:
                return
            echo = _show(frame.data, echo=echo) if operation == ABNF.OPCODE_BINARY else echo
        if writable:
            connection.write_channel(STDIN_CHANNEL, unsent)
            unsent = b""
        if keyboard in readable:
            unsent = os.read(keyboard, CHUNK)
            if not unsent:
                reading, closing = False, time.monotonic() + CLOSE_SECONDS
        if closing and time.monotonic() > closing:
            connection.close_channel(STDIN_CHANNEL)
            closing = 0.0


def _show(data: bytes, *, echo: bool) -> bool:
    """Writes what a channel has sent. Returns whether the terminal's echo is still to come."""
    channel, text = data[:1], data[1:]
    if not text or channel not in (bytes([STDOUT_CHANNEL]), bytes([STDERR_CHANNEL])):
        return echo
    output = sys.stdout if channel == bytes([STDOUT_CHANNEL]) else sys.stderr
    try:
        output.buffer.write(ECHO.sub(b"", text) if echo else text)
        output.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
        raise ToolError("nobody reads the output: the command is ended") from None
    return False


def _size() -> str:
    """Returns the terminal's size as the API expects it."""
    rows, columns = struct.unpack("HHHH", fcntl.ioctl(sys.stdin, termios.TIOCGWINSZ, b"\0" * 8))[:2]
    return json.dumps({"Width": columns, "Height": rows})
