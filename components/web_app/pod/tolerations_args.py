"""Tolerations of an application's pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StrictInt

from ...args.problem import Problem
from ...args.types import Args, LabelKey, LabelValue


class TolerationArgs(Args):
    """A toleration: lets pods run on nodes with a matching taint."""

    key: LabelKey | None = Field(default=None, examples=["gpu"])
    """Key of the taint. Default: any taint."""
    value: LabelValue | None = Field(default=None, examples=["a40"])
    """Value of the taint. Default: any."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """Effect of the taint. Default: any."""
    seconds: Annotated[StrictInt, Field(ge=0, examples=[60])] | None = None
    """NoExecute only: seconds that a pod stays on a node that gets the taint. Default: no limit."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for a value without a key, and for seconds that have no effect."""
        if self.value is not None and self.key is None:
            yield Problem(("value",), self.value, "must not be given without key")
        if self.seconds is not None and self.effect != "NoExecute":
            yield Problem(("seconds",), self.seconds, "must be given for NoExecute alone")
