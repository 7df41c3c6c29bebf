"""A setting that no component reads does nothing, and is not to be there."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import components
import stack
from components.args.types import Args
from components.sks_cluster.args import SksClusterArgs
from components.web_app.schedules.args import ScheduleArgs
from stack.args import StackArgs
from tests.program.manifests import declare
from tests.program.unit.args_classes import args_classes
from tests.program.unit.recorded_resources import STACKS

PROGRAM = tuple(str(Path(each.__file__ or "").parent) for each in (components, stack))
READ_ELSEWHERE = {
    (SksClusterArgs, "allow_open_networks"),  # by checks
    (ScheduleArgs, "suspend_in_reviews"),  # by make review
}


def declared_in(model: type[Args], field: str) -> type[Args]:
    """The class that has the field in its body: the model or one that it inherits from."""
    return next(each for each in model.__mro__ if field in inspect.get_annotations(each))


def is_read_by_a_component(frame: FrameType | None) -> bool:
    """Whether the code that reads a setting, or a property made of settings, is a component's."""
    while frame and isinstance(frame.f_locals.get("self"), Args):
        frame = frame.f_back
    return bool(frame and frame.f_code.co_filename.startswith(PROGRAM))


def test_every_setting_is_read_by_a_component(monkeypatch: pytest.MonkeyPatch) -> None:
    read = set()

    def recording(self: Args, name: str) -> Any:
        if name in type(self).model_fields and is_read_by_a_component(sys._getframe(1)):
            read.add((declared_in(type(self), name), name))
        return super(Args, self).__getattribute__(name)

    monkeypatch.setattr(Args, "__getattribute__", recording)
    for settings in STACKS.values():
        declare(settings)
    fields = {
        (declared_in(model, name), name)
        for model in args_classes(StackArgs)
        for name in model.model_fields
    }
    assert len(fields) > 180
    assert fields - read == READ_ELSEWHERE
