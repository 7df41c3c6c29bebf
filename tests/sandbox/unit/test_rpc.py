"""What the engine gets to read of an operation's errors."""

from __future__ import annotations

from typing import Any, cast

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.rpc import Engine, InitializationError, Provider, ProviderError, operation


class Aborted(Exception):
    """What gRPC raises to end a call."""


class Context:
    """A call's context: keeps the status that the call ends with."""

    def __init__(self) -> None:
        self.status: tuple[grpc.StatusCode, str] | None = None
        self.metadata: Any = None

    def code(self) -> grpc.StatusCode | None:
        return self.status and self.status[0]

    def set_trailing_metadata(self, metadata: Any) -> None:
        self.metadata = metadata

    def abort(self, code: grpc.StatusCode, message: str) -> None:
        self.status = (code, message)
        raise Aborted


def fail_with(error: Exception) -> Context:
    @operation
    def Create(self: Any, request: Any, context: Any) -> None:
        raise error

    context = Context()
    with pytest.raises(Aborted):
        Create(None, None, context)
    return context


def test_a_failure_is_told_in_its_own_words() -> None:
    status = fail_with(ProviderError("quota exceeded")).status
    assert status == (grpc.StatusCode.UNKNOWN, "quota exceeded")


def test_an_unfinished_object_is_kept_by_the_engine() -> None:
    context = fail_with(InitializationError("id-1", {"name": "web"}, ["not ready"]))
    assert context.status == (grpc.StatusCode.UNKNOWN, "not ready")
    assert dict(context.metadata)["grpc-status-details-bin"]


def test_an_unforeseen_error_tells_its_place_and_not_its_words() -> None:
    status = fail_with(OSError("cannot open 's3cret'")).status
    assert status is not None
    assert "s3cret" not in status[1]
    assert "OSError at test_rpc.py:" in status[1]
    assert "in Create" in status[1]


def test_every_operation_of_a_provider_is_guarded() -> None:
    class Broken(Provider):
        def configure(self, args: dict[str, Any]) -> None:
            raise OSError("cannot open 's3cret'")

    context = Context()
    with pytest.raises(Aborted):
        Broken(cast(Engine, None)).Configure(provider_pb2.ConfigureRequest(), context)
    assert context.status is not None
    assert "s3cret" not in context.status[1]
