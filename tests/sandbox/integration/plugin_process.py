"""A provider plugin as a process of its own, called as the engine calls it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    provider_pb2,
    provider_pb2_grpc,
)

from sandbox.paths import ROOT
from sandbox.plugins.wire import decode, encode


class RecordingEngine(engine_pb2_grpc.EngineServicer):
    """Takes the plugin's messages."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def Log(self, request: engine_pb2.LogRequest, context: Any) -> empty_pb2.Empty:
        self.messages.append(request.message)
        return empty_pb2.Empty()


@dataclass(frozen=True)
class InitializationFailed(Exception):
    """The plugin made the object, which then did not become ready."""

    object_id: str
    properties: dict[str, Any]
    reasons: list[str]


class PluginProcess:
    """A running plugin.

    Attributes:
        seconds_to_port: how long it took until it printed its port.
        messages: what it told the engine, in order.
    """

    def __init__(self, program: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        engine = RecordingEngine()
        self.messages = engine.messages
        self._server = grpc.server(ThreadPoolExecutor(max_workers=8))
        engine_pb2_grpc.add_EngineServicer_to_server(engine, self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        started = time.monotonic()
        self._process = subprocess.Popen(
            [*program, f"127.0.0.1:{port}"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        plugin_port = int(self._process.stdout.readline())
        self.seconds_to_port = time.monotonic() - started
        self._channel = grpc.insecure_channel(f"127.0.0.1:{plugin_port}")
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def call(self, method: str, request: Any) -> Any:
        """Call one method of the protocol.

        Raises:
            InitializationFailed: if the answer is that.
            grpc.RpcError: for any other error.
        """
        try:
            return getattr(self._stub, method)(request, wait_for_ready=True, timeout=120)
        except grpc.RpcError as error:
            for key, value in error.trailing_metadata() or ():
                if key == "grpc-status-details-bin":
                    raise _initialization_failed(value) from error
            raise

    def configure(self, **options: Any) -> None:
        self.call("Configure", provider_pb2.ConfigureRequest(args=encode(options)))

    def resident_megabytes(self) -> int:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) // 1024

    def interrupt(self) -> int:
        """End as the engine does at the end of a command; returns the plugin's exit status."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=10)

    def end(self) -> int:
        """End as the engine does, by going away; returns the plugin's exit status."""
        self._channel.close()
        self._server.stop(grace=None)
        try:
            return self._process.wait(timeout=10)
        finally:
            self._process.kill()


def _initialization_failed(details: bytes) -> InitializationFailed:
    status = status_pb2.Status.FromString(details)
    failure = provider_pb2.ErrorResourceInitFailed()
    status.details[0].Unpack(failure)
    return InitializationFailed(failure.id, decode(failure.properties), list(failure.reasons))
