"""Shows the next runs of a new or changed schedule, also in previews."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pulumi

from ..names import part_name
from .args import ScheduleArgs

TIMES = ("schedule", "timeZone", "suspend")
"""The fields of a CronJob that decide when it runs."""


def show_next_runs(app: str, settings: ScheduleArgs) -> pulumi.ResourceHookBinding:
    """Returns the hook of a schedule's CronJob.

    Args:
        app: the application's name.
    """
    name = part_name(app, settings.name)

    async def show(args: pulumi.ResourceHookArgs) -> None:
        old, new = [await _times(each) for each in (args.old_inputs, args.new_inputs)]
        if old != new:
            pulumi.info(f"{name}: {described(settings, datetime.now(UTC))}")

    hook = pulumi.ResourceHook(
        f"{name}-next-runs", show, pulumi.ResourceHookOptions(on_dry_run=True)
    )
    return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])


def described(settings: ScheduleArgs, now: datetime) -> str:
    """Returns a schedule with its next runs, in one line."""
    from .cron import next_runs

    if settings.suspend:
        return f"{settings.schedule}: suspended, no run starts"
    runs = next_runs(settings.schedule, settings.time_zone, now)
    return f"{settings.schedule}: next runs in {settings.time_zone}: {runs}"


async def _times(inputs: object) -> tuple[object, ...] | None:
    """Returns when a CronJob with these inputs runs, or None without inputs."""
    if not isinstance(inputs, dict):
        return None
    spec: Any = await pulumi.Output.from_input(inputs["spec"]).future(with_unknowns=True)
    return tuple(spec.get(key) for key in TIMES)
