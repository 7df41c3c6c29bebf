"""How many pods an application has, and how they are kept while nodes come and go."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StrictInt, StrictStr, model_validator

from settings.apps.rollout import Count
from settings.mistakes import Mistake, refuse
from settings.types import EnvironmentValue, SettingsModel, matches

Utilization = Annotated[StrictInt, Field(ge=1, le=1000)]


class CustomMetricSettings(SettingsModel):
    """A metric of the pods, from an adapter on the cluster, and its wanted average for each."""

    name: Annotated[StrictStr, matches(r"[A-Za-z0-9_:./-]+", "the name of a metric")]
    average: Annotated[
        EnvironmentValue, matches(r"\d+(\.\d+)?[mkMG]?", "a quantity, such as 100 or 500m")
    ]


class AutoscalerSettings(SettingsModel):
    """Pods between `min` and `max`. CPU and memory are percentages of what the pods request."""

    min: Annotated[StrictInt, Field(ge=1)]
    max: Annotated[StrictInt, Field(ge=1)]
    cpu: Utilization | None = None
    memory: Utilization | None = None
    custom: tuple[CustomMetricSettings, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        mistakes = []
        if self.max < self.min:
            mistakes.append(Mistake(("max",), self.max, f"must be {self.min} or more, as min is"))
        if not (self.cpu or self.memory or self.custom):
            allowed = "must be given, or memory, or custom: there is nothing to scale by"
            mistakes.append(Mistake(("cpu",), None, allowed))
        refuse(mistakes)
        return self


class DisruptionBudgetSettings(SettingsModel):
    """How many pods may be missing while nodes are drained."""

    max_unavailable: Count = 1
