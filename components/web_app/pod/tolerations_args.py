"""The settings of taints that an application's pods do not mind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StrictInt

from ...args.problem import Problem
from ...args.types import Args, LabelKey, LabelValue


class TolerationArgs(Args):
    """Taints of nodes that pods may be on all the same."""

    key: LabelKey | None = Field(default=None, examples=["gpu"])
    """The taint's key. Without it: any taint."""
    value: LabelValue | None = Field(default=None, examples=["a40"])
    """The taint's value. Without it: any."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """The taint's effect. Without it: any."""
    seconds: Annotated[StrictInt, Field(ge=0, examples=[60])] | None = None
    """Of NoExecute: how long a pod stays on a node that gets the taint. Without it: for ever."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for a value without a key, and for seconds that have no effect."""
        if self.value is not None and self.key is None:
            yield Problem(("value",), self.value, "must not be given without key")
        if self.seconds is not None and self.effect != "NoExecute":
            yield Problem(("seconds",), self.seconds, "must be given for NoExecute alone")
