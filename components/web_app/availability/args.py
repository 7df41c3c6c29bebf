"""How many pods an application has, and how they are kept while nodes come and go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StrictInt, StrictStr

from ...args.problem import Problem
from ...args.types import NUMBER_TOO, Args, matches
from ..rollout.args import Count

Utilization = Annotated[StrictInt, Field(ge=1, le=1000)]


class CustomMetricArgs(Args):
    """A metric of the pods, from an adapter on the cluster, and its wanted average for each."""

    name: Annotated[
        StrictStr, matches(r"[A-Za-z0-9_:./-]+", "the name of a metric", "requests_per_second")
    ]
    """The metric's name, as the adapter on the cluster has it."""
    average: Annotated[
        StrictStr, NUMBER_TOO, matches(r"\d+(\.\d+)?[mkMG]?", "a quantity", "100", "500m")
    ]
    """What is wanted of each pod on average."""


class AutoscalerArgs(Args):
    """So many pods that they are used as much as is wanted."""

    min: Annotated[StrictInt, Field(ge=1)]
    """The least number of pods, and the one to begin with."""
    max: Annotated[StrictInt, Field(ge=1)]
    """The largest number of pods."""
    cpu: Utilization | None = Field(default=None, examples=[80])
    """Wanted use of CPU, in percent of what the pods request."""
    memory: Utilization | None = Field(default=None, examples=[90])
    """Wanted use of memory, in percent of what the pods request."""
    custom: tuple[CustomMetricArgs, ...] = ()
    """Metrics of the pods."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for bounds in the wrong order, and without a metric."""
        if self.max < self.min:
            yield Problem(("max",), self.max, f"must be {self.min} or more, as min is")
        if not (self.cpu or self.memory or self.custom):
            message = "must be given, or memory, or custom: there is nothing to scale by"
            yield Problem(("cpu",), None, message)


class DisruptionBudgetArgs(Args):
    """How many pods may be missing while nodes are drained."""

    max_unavailable: Count = 1
    """Pods that may be missing, a number or a percentage."""
