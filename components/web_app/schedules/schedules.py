"""The CronJobs of an application's schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from ...exoscale.placement import Placement
from ...manifests.labels import common_labels
from ..config.objects import AppConfig
from ..context import Objects
from ..names import part_name
from ..pod.pod import job_pod
from .args import ScheduleArgs
from .shown_runs import show_next_runs

if TYPE_CHECKING:
    from pulumi_kubernetes.batch.v1 import CronJob

    from ..args import WebAppArgs


def create_schedules(
    app: Objects,
    settings: WebAppArgs,
    config: AppConfig,
    wait: Mapping[str, Any] | None,
    placements: Mapping[str, Placement],
) -> dict[str, CronJob]:
    """Creates a CronJob for each schedule and returns them by the schedules' names.

    Args:
        wait: the init container that waits for the database.
        placements: the nodes of schedules that name a node pool, by the schedules' names.
    """
    return {
        each.name: _create(
            app,
            each,
            job_pod(
                app,
                settings,
                config,
                wait,
                command=each.command,
                arguments=each.arguments,
                image=each.image,
                resources=each.resources,
                placement=placements.get(each.name),
            ),
        )
        for each in settings.schedules
    }


def _create(app: Objects, settings: ScheduleArgs, pod: Mapping[str, Any]) -> CronJob:
    from pulumi_kubernetes.batch.v1 import CronJob

    name = part_name(app.name, settings.name)
    labels = common_labels(app.name, name)
    hooks = pulumi.ResourceOptions(hooks=show_next_runs(app.name, settings))
    return CronJob(
        app.in_program(name),
        metadata={**app.metadata, "name": name, "labels": labels},
        spec={
            "schedule": settings.schedule,
            "time_zone": settings.time_zone,
            "suspend": settings.suspend,
            "concurrency_policy": settings.concurrency_policy,
            "starting_deadline_seconds": settings.starting_deadline_seconds,
            "successful_jobs_history_limit": settings.successful_jobs_history_limit,
            "failed_jobs_history_limit": settings.failed_jobs_history_limit,
            "job_template": {
                "metadata": {"labels": labels},
                "spec": {
                    "active_deadline_seconds": settings.active_deadline_seconds,
                    "backoff_limit": settings.backoff_limit,
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {**pod, "restart_policy": "Never"},
                    },
                },
            },
        },
        opts=pulumi.ResourceOptions.merge(app.opts, hooks),
    )
