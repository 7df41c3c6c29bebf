"""The settings of a command that runs on a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr

from ...args.image import Image
from ...args.inputs import Input
from ...args.problem import Problem
from ...args.resources import ResourcesArgs
from ...args.types import Args, Dns1123Label, DnsLabel, Told


def _expression(value: str) -> str:
    from .cron import check_expression

    check_expression(value)
    return value


def _time_zone(value: str) -> str:
    from .time_zones import check_time_zone

    check_time_zone(value)
    return value


Expression = Annotated[
    StrictStr,
    AfterValidator(_expression),
    Told("a schedule in cron's notation", ("0 3 * * *", "@daily")),
]
TimeZone = Annotated[
    StrictStr,
    AfterValidator(_time_zone),
    Told("a name in the time zone database", ("Europe/Zurich",)),
]
HistoryLimit = Annotated[StrictInt, Field(ge=0, le=100)]


class ScheduleArgs(Args):
    """A command that runs on a schedule, as a CronJob. Its pods have the application's container
    with its configuration."""

    name: Dns1123Label = Field(examples=["cleanup"])
    """Unique name. The CronJob is named APPLICATION-NAME, with at most 52 characters."""
    schedule: Expression
    """Schedule in cron syntax: minute, hour, day of the month, month, day of the week. Or @hourly,
    @daily, @weekly, @monthly or @yearly."""
    time_zone: TimeZone = "Etc/UTC"
    """Time zone of the schedule."""
    command: tuple[StrictStr, ...] = Field(default=(), examples=[["shop", "cleanup"]])
    """Command. Default: the application's, or that of its own image."""
    arguments: tuple[StrictStr, ...] = Field(
        default=(), validation_alias="args", examples=[["--verbose"]]
    )
    """Arguments of the command."""
    image: Input[Image] | None = None
    """Image. Default: the application's."""
    resources: ResourcesArgs | None = None
    """Resources of the container. Default: the application's."""
    nodepool: DnsLabel | None = Field(default=None, examples=["workers"])
    """Name of the node pool for its pods. Default: any."""
    suspend: StrictBool = False
    """Whether no run starts. A run that has started continues."""
    suspend_in_reviews: StrictBool = True
    """Whether review stacks suspend it. False has them run it as this stack does."""
    concurrency_policy: Literal["Forbid", "Allow", "Replace"] = "Forbid"
    """What happens if the previous run is still active: `Forbid` skips the new run, `Replace` ends
    the previous one, `Allow` runs both."""
    starting_deadline_seconds: Annotated[StrictInt, Field(ge=10, le=7 * 24 * 3600)] = 3600
    """Seconds by which a run may start late, for example after the schedule was suspended or the
    control plane was unavailable. Later, the run is skipped."""
    active_deadline_seconds: Annotated[StrictInt, Field(ge=1, le=7 * 24 * 3600)] = 3600
    """Timeout of a run in seconds, with its retries. A run that hangs would keep later ones from
    starting."""
    backoff_limit: Annotated[StrictInt, Field(ge=0, le=10)] = 0
    """Number of retries. Default: 0, because commands may not be idempotent."""
    successful_jobs_history_limit: HistoryLimit = 3
    """Number of successful Jobs to keep, with their pods and logs. Default: Kubernetes'."""
    failed_jobs_history_limit: HistoryLimit = 1
    """Number of failed Jobs to keep, with their pods and logs. Default: Kubernetes'."""

    def problems(self) -> Iterator[Problem]:
        """Yields a problem if it would run the application's own program."""
        if not (self.command or self.arguments or self.image):
            message = "is required without args or image: it would run the application itself"
            yield Problem(("command",), None, message)
