"""How an application's pods are replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, PlainValidator, StrictInt, StrictStr, field_validator

from ...args.image import Image
from ...args.inputs import Input
from ...args.problem import Problem
from ...args.resources import ResourcesArgs
from ...args.types import Args, Told, given

COUNT = Told("a number, 0 or more, or a percentage", ("25%",))


def _count(value: object) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and re.fullmatch(r"(100|[1-9]?\d)%", value):
        return value
    raise ValueError(f"must be {COUNT.allowed}")


Count = Annotated[int | str, PlainValidator(_count, json_schema_input_type=int | str), COUNT]
Deadline = Annotated[StrictInt, Field(ge=1, le=24 * 3600)]


def _is_zero(count: int | str) -> bool:
    return count in (0, "0%")


class RolloutArgs(Args):
    """How pods are replaced. By default without downtime: a new pod is ready before an old one is
    deleted."""

    type: Literal["RollingUpdate", "Recreate"] = "RollingUpdate"
    """`RollingUpdate` replaces pods gradually, `Recreate` deletes all pods before it creates new
    ones. With a persistent volume, it is always `Recreate`."""
    max_surge: Count = 1
    """Pods that may exist above the number of replicas, a number or a percentage."""
    max_unavailable: Count = 0
    """Pods that may be missing during a rollout, a number or a percentage."""
    progress_deadline_seconds: Deadline = 300
    """Seconds without progress after which Kubernetes considers a rollout failed."""
    timeout_seconds: Deadline = 600
    """Timeout in seconds of `pulumi up` for the whole rollout, and for that of a database in the
    cluster."""
    revision_history_limit: Annotated[StrictInt, Field(ge=0, le=100)] = 10
    """Number of previous ReplicaSets to keep. Default: Kubernetes'."""
    drain_seconds: Annotated[StrictInt, Field(ge=0, le=3600)] = 5
    """Seconds that a terminating pod keeps serving, until load balancers and nodes send it no more
    requests. None without a port."""
    termination_grace_period_seconds: Deadline = 30
    """Seconds after which a terminating pod is killed. Default: Kubernetes'."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem for periods that do not fit, and for pods that can't be replaced."""
        grace, deadline = self.termination_grace_period_seconds, self.progress_deadline_seconds
        if self.drain_seconds >= grace:
            message = f"must be less than terminationGracePeriodSeconds, {grace}"
            yield Problem(("drainSeconds",), self.drain_seconds, message)
        if self.timeout_seconds < deadline:
            message = f"must not be less than progressDeadlineSeconds, {deadline}"
            yield Problem(("timeoutSeconds",), self.timeout_seconds, message)
        if _is_zero(self.max_surge) and _is_zero(self.max_unavailable):
            message = "must not be 0 as maxSurge is: no pod could be replaced"
            yield Problem(("maxUnavailable",), self.max_unavailable, message)
        for key in {"maxSurge", "maxUnavailable"} & given(self).keys():
            if self.type == "Recreate":
                yield Problem((key,), given(self)[key], "must not be given for the type Recreate")


class BeforeRolloutArgs(Args):
    """A Job that must succeed before new pods start, such as a database migration."""

    command: tuple[StrictStr, ...] = Field(examples=[["flask", "db", "upgrade"]])
    """Command of the Job, which has the application's configuration."""
    image: Input[Image] | None = None
    """Image of the Job. Default: the application's."""
    resources: ResourcesArgs | None = None
    """Resources of the Job. Default: the application's."""
    active_deadline_seconds: Deadline = 600
    """Timeout in seconds."""
    backoff_limit: Annotated[StrictInt, Field(ge=0, le=10)] = 0
    """Number of retries. Default: 0, because commands may not be idempotent."""

    @field_validator("command")
    @classmethod
    def _something(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        if not command:
            raise ValueError("must not be empty")
        return command
