"""What stands in the state on where a resource was created."""

from __future__ import annotations

import sys
import traceback
from typing import Any
from unittest.mock import patch

import pulumi.runtime.resource
import pytest
from pulumi.runtime.mocks import MockMonitor

from stack.args import StackArgs
from stack.compose import declare
from stack.stack_traces import FRAMES, short_stack_traces
from tests.program.unit.engine import run
from tests.program.unit.recorded_resources import STACKS

SDKS_OWN = pulumi.runtime.resource._get_stack_trace
"""Which other tests do without."""


def test_each_resource_names_where_the_program_creates_it_and_little_more() -> None:
    requests: list[Any] = []
    original: Any = MockMonitor.RegisterResource

    def kept(monitor: MockMonitor, request: Any) -> Any:
        requests.append(request)
        return original(monitor, request)

    def program() -> Any:
        with patch.object(pulumi.runtime.resource, "_get_stack_trace", SDKS_OWN):
            return declare(StackArgs.model_validate(STACKS["rich"]))

    with patch.object(MockMonitor, "RegisterResource", kept):
        run(program)
    found = [request for request in requests if request.type != "pulumi:pulumi:Stack"]
    assert found
    for request in found:
        frames = request.stackTrace.frames
        assert len(frames) <= FRAMES // 2, request.name
        files = [frame.pc.uri for frame in frames]
        assert any("/components/" in file or "/stack/" in file for file in files), request.name


def deep(depth: int) -> None:
    if depth == 0:
        raise ValueError
    deep(depth - 1)


def test_an_error_keeps_its_traceback() -> None:
    with pytest.raises(ValueError) as raised, short_stack_traces():  # noqa: PT011
        deep(2 * FRAMES)
    assert len(traceback.extract_tb(raised.value.__traceback__)) > 2 * FRAMES
    assert not hasattr(sys, "tracebacklimit")
