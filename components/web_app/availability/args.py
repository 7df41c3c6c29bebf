"""How many pods an application has, and how many may be unavailable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StrictInt, StrictStr

from ...args.problem import Problem
from ...args.types import NUMBER_TOO, Args, defaults_of, matches
from ..rollout.args import Count

Utilization = Annotated[StrictInt, Field(ge=1, le=1000)]


class CustomMetricArgs(Args):
    """A custom metric of the pods, provided by a metrics adapter on the cluster."""

    name: Annotated[
        StrictStr, matches(r"[A-Za-z0-9_:./-]+", "the name of a metric", "requests_per_second")
    ]
    """Name of the metric, as the adapter provides it."""
    average: Annotated[
        StrictStr, NUMBER_TOO, matches(r"\d+(\.\d+)?[mkMG]?", "a quantity", "100", "500m")
    ]
    """Target average per pod."""


class AutoscalerArgs(Args):
    """Horizontal autoscaling: the number of pods follows their load."""

    min: Annotated[StrictInt, Field(ge=1)]
    """Minimum number of pods, and the number to start with."""
    max: Annotated[StrictInt, Field(ge=1)]
    """Maximum number of pods."""
    cpu: Utilization | None = Field(default=None, examples=[80])
    """Target CPU utilization in percent of the pods' requests."""
    memory: Utilization | None = Field(default=None, examples=[90])
    """Target memory utilization in percent of the pods' requests."""
    custom: tuple[CustomMetricArgs, ...] = ()
    """Custom metrics to scale by."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for bounds in the wrong order, and without a metric."""
        if self.max < self.min:
            yield Problem(("max",), self.max, f"must be {self.min} or more, as min is")
        if not (self.cpu or self.memory or self.custom):
            message = "must be given, or memory, or custom: there is nothing to scale by"
            yield Problem(("cpu",), None, message)


class DisruptionBudgetArgs(Args):
    """Number of pods that may be unavailable while nodes are drained."""

    max_unavailable: Count = 1
    """Pods that may be unavailable, a number or a percentage."""


class ScaleArgs(Args):
    """How many pods there are, and how many may be unavailable."""

    replicas: StrictInt = Field(default=1, ge=0, examples=[3])
    """Number of pods."""
    autoscaler: AutoscalerArgs | None = None
    """Autoscaling instead of replicas."""
    disruption_budget: DisruptionBudgetArgs = defaults_of(DisruptionBudgetArgs)
    """Number of pods that may be unavailable while nodes are drained. Default: 1, if there can be
    more than one pod."""

    @property
    def first_replicas(self) -> int:
        """The number of pods to begin with, which an autoscaler changes."""
        return self.autoscaler.min if self.autoscaler else self.replicas

    @property
    def has_disruption_budget(self) -> bool:
        """Whether a PodDisruptionBudget protects its pods: one is set, or there may be several."""
        most = self.autoscaler.max if self.autoscaler else self.replicas
        return most > 1 or "disruption_budget" in self.model_fields_set

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for two numbers of pods."""
        yield from super().problems()
        if self.autoscaler and "replicas" in self.model_fields_set:
            yield Problem(("replicas",), self.replicas, "must not be given with an autoscaler")
