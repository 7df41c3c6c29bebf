"""How an application's pods are replaced by new ones."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, PlainValidator, StrictInt, StrictStr, field_validator, model_validator

from settings.mistakes import Mistake, refuse
from settings.resources import ResourcesSettings
from settings.types import Image, SettingsModel


def _count(value: object) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and re.fullmatch(r"(100|[1-9]?\d)%", value):
        return value
    raise ValueError("must be a number, 0 or more, or a percentage, such as 25%")


Count = Annotated[int | str, PlainValidator(_count)]
Deadline = Annotated[StrictInt, Field(ge=1, le=24 * 3600)]


class RolloutSettings(SettingsModel):
    """Zero downtime by default: a new pod is ready before an old one goes."""

    type: Literal["RollingUpdate", "Recreate"] = "RollingUpdate"
    max_surge: Count = 1
    max_unavailable: Count = 0
    progress_deadline_seconds: Deadline = 300
    timeout_seconds: Deadline = 600
    revision_history_limit: Annotated[StrictInt, Field(ge=0, le=100)] = 10
    drain_seconds: Annotated[StrictInt, Field(ge=0, le=3600)] = 5
    termination_grace_period_seconds: Deadline = 30

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._mistakes())
        return self

    def _mistakes(self) -> list[Mistake]:
        mistakes = []
        if self.drain_seconds >= self.termination_grace_period_seconds:
            allowed = (
                "must be less than terminationGracePeriodSeconds,"
                f" {self.termination_grace_period_seconds}"
            )
            mistakes.append(Mistake(("drainSeconds",), self.drain_seconds, allowed))
        if self.timeout_seconds < self.progress_deadline_seconds:
            deadline = self.progress_deadline_seconds
            allowed = f"must not be less than progressDeadlineSeconds, {deadline}"
            mistakes.append(Mistake(("timeoutSeconds",), self.timeout_seconds, allowed))
        if _none(self.max_surge) and _none(self.max_unavailable):
            allowed = "must not be 0 as maxSurge is: no pod could be replaced"
            mistakes.append(Mistake(("maxUnavailable",), self.max_unavailable, allowed))
        for key, given in (("maxSurge", "max_surge"), ("maxUnavailable", "max_unavailable")):
            if self.type == "Recreate" and given in self.model_fields_set:
                allowed = "must not be given for the type Recreate"
                mistakes.append(Mistake((key,), getattr(self, given), allowed))
        return mistakes


def _none(count: int | str) -> bool:
    return count in (0, "0%")


class BeforeRolloutSettings(SettingsModel):
    """A Job that has to succeed before new pods start, such as a database migration."""

    command: tuple[StrictStr, ...]
    image: Image | None = None
    resources: ResourcesSettings | None = None
    active_deadline_seconds: Deadline = 600
    backoff_limit: Annotated[StrictInt, Field(ge=0, le=10)] = 0

    @field_validator("command")
    @classmethod
    def _something(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        if not command:
            raise ValueError("must not be empty")
        return command
