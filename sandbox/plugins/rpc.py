"""Serves a provider plugin to the engine: start, errors, status lines, shutdown.

Protocol: pulumi/pulumi, `proto/pulumi/provider.proto`. A plugin prints its port as the first line,
and ends when the engine that started it ends.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Final

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
)

from sandbox.plugins import wire
from sandbox.plugins.property_diff import Kind

MAX_MESSAGE_BYTES: Final = 400 * 1024 * 1024
MAX_WORKERS: Final = 64
SWITCH_SECONDS: Final = 0.0005
"""Switch interval of threads (Python's default: 0.005): imports delay calls only briefly."""

GRACE_SECONDS: Final = 30
"""Grace period of operations in progress after the engine has ended."""

Servicer = provider_pb2_grpc.ResourceProviderServicer


class ProviderError(Exception):
    """An operation failed; the message is shown to the user."""


class InitializationError(ProviderError):
    """The object exists but did not become ready. The engine stores it and retries in the next run.

    Args:
        object_id: the resource's ID.
        properties: its current outputs.
        reasons: the errors, one sentence each.
        inputs: the inputs of the object, only for `Read`.
    """

    def __init__(
        self,
        object_id: str,
        properties: Mapping[str, Any],
        reasons: Sequence[str],
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__("; ".join(reasons))
        self.object_id = object_id
        self.properties = properties
        self.reasons = list(reasons)
        self.inputs = inputs or {}


class Cancelled(ProviderError):
    """The user interrupted the operation."""


class Engine:
    """The engine that started this plugin. It receives messages, and the plugin ends with it."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._stub = engine_pb2_grpc.EngineStub(self._channel)

    def warning(self, urn: str, message: str) -> None:
        self._log(urn, message, engine_pb2.WARNING)

    def status(self, urn: str, message: str) -> None:
        """Shows a temporary line beside the resource in the progress display."""
        self._log(urn, message, engine_pb2.INFO, ephemeral=True)

    def _log(self, urn: str, message: str, severity: Any, ephemeral: bool = False) -> None:
        self._stub.Log(
            engine_pb2.LogRequest(severity=severity, message=message, urn=urn, ephemeral=ephemeral)
        )

    def when_gone(self, callback: Callable[[], None]) -> None:
        """Calls `callback` when an established connection to the engine is lost."""
        seen_ready = threading.Event()

        def changed(state: grpc.ChannelConnectivity) -> None:
            if state is grpc.ChannelConnectivity.READY:
                seen_ready.set()
            elif seen_ready.is_set() and state is not grpc.ChannelConnectivity.CONNECTING:
                callback()

        self._channel.subscribe(changed, try_to_connect=True)


class Provider(Servicer):
    """The common part of all plugins. Subclasses implement the operations on resources.

    Attributes:
        name: the plugin's name, as in `pulumi-resource-<name>`.
        version: the version of the official plugin that it replaces.
        engine: the engine, which is set before the first call.
        cancelled: an event that is set when the user interrupts; waiting operations must check it.
    """

    name: str
    version: str

    def __init_subclass__(cls) -> None:
        for method in filter(str.isidentifier, vars(Servicer)):
            if method[0].isupper() and getattr(cls, method) is not getattr(Servicer, method):
                setattr(cls, method, operation(getattr(cls, method)))

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.cancelled = threading.Event()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: Any) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self.version)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: Any
    ) -> provider_pb2.ConfigureResponse:
        self.configure(wire.decode(request.args))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=False,
            acceptOutputs=False,
            supports_autonaming_configuration=True,
        )

    def configure(self, args: dict[str, Any]) -> None:
        """Sets the provider's inputs, which may contain `Secret` and `UNKNOWN`."""
        raise NotImplementedError

    def Cancel(self, request: empty_pb2.Empty, context: Any) -> empty_pb2.Empty:
        self.cancelled.set()
        return empty_pb2.Empty()


def operation(method: Callable[..., Any]) -> Callable[..., Any]:
    """Converts exceptions of a servicer's method to gRPC statuses for the engine."""

    @functools.wraps(method)
    def wrapper(self: Provider, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except InitializationError as error:
            _abort_initialization(context, error)
        except ProviderError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except ValueError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except Exception as error:
            if (
                context.code() is not None
            ):  # `abort` raises an exception after it has set the status
                raise
            context.abort(grpc.StatusCode.INTERNAL, _defect(method.__name__, error))

    return wrapper


def _defect(operation_name: str, error: Exception) -> str:
    """Returns the location of an unexpected error, without its text, which may contain a secret."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(frame.filename)}:{frame.lineno}"
    return f"a defect of this plugin: {type(error).__name__} at {place} in {operation_name}"


def _abort_initialization(context: grpc.ServicerContext, error: InitializationError) -> None:
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.object_id,
            properties=wire.encode(error.properties),
            reasons=error.reasons,
            inputs=wire.encode(error.inputs),
        )
    )
    status = status_pb2.Status(
        code=grpc.StatusCode.UNKNOWN.value[0], message=str(error), details=[detail]
    )
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(error))


def diff_response(
    changes: Mapping[str, Kind],
    replaces: Sequence[str] = (),
    *,
    delete_before_replace: bool = False,
    stables: Sequence[str] = (),
) -> provider_pb2.DiffResponse:
    """Returns a detailed diff of `changes`, by property path; `replaces` force a replacement.

    The changes are relative to the old outputs, not to the old inputs.
    """
    kinds = provider_pb2.PropertyDiff.Kind
    detailed = {
        path: provider_pb2.PropertyDiff(
            kind=kinds.Value(kind.upper() + ("_REPLACE" if path in replaces else "")),
            inputDiff=False,
        )
        for path, kind in changes.items()
    }
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_SOME if changes else response.DIFF_NONE,
        replaces=list(replaces),
        diffs=sorted({top_level(path) for path in changes}),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=delete_before_replace,
        stables=list(stables),
    )


def top_level(path: str) -> str:
    """Returns the first key of a property path."""
    return path.split(".", 1)[0].split("[", 1)[0]


def serve(make_provider: Callable[[Engine], Provider], arguments: Sequence[str]) -> None:
    """Serves until the engine ends or sends a signal; it sends SIGINT at the end of a command.

    Args:
        make_provider: returns the provider for the engine.
        arguments: the arguments of the program: the engine's address.

    Raises:
        SystemExit: if the engine's address is missing.
    """
    addresses = [argument for argument in arguments if not argument.startswith("-")]
    if not addresses:
        raise SystemExit("a provider plugin is started by the Pulumi engine, with its address")
    engine = Engine(addresses[0])
    limits = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ]
    sys.setswitchinterval(SWITCH_SECONDS)
    server = grpc.server(ThreadPoolExecutor(max_workers=MAX_WORKERS), options=limits)
    provider = make_provider(engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    gone: SimpleQueue[None] = SimpleQueue()  # unlike an event, safe in a signal handler
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: gone.put(None))
    engine.when_gone(lambda: gone.put(None))
    print(port, flush=True)
    gone.get()
    provider.cancelled.set()
    server.stop(GRACE_SECONDS).wait()
    os._exit(0)
