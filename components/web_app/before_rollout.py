"""A Job that has to succeed before an application's new pods start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.kubernetes.labels import common_labels
from components.web_app.objects import Objects
from settings.apps.own_names import job_name
from settings.apps.rollout import BeforeRolloutSettings


def create_job(
    app: Objects, settings: BeforeRolloutSettings, pod: Mapping[str, Any]
) -> pulumi.Resource:
    """Run `command` in a pod like the application's.

    Its name is generated, and a Job of another image, command or configuration is another one: the
    engine runs it first, and deletes the one before afterwards. So it does in another namespace:
    the name in the program has no namespace, for the generated one begins with it, and is a label
    of the pods, with 63 characters at most.
    """
    from pulumi_kubernetes.batch.v1 import Job

    job = job_name(app.name)
    labels = common_labels(app.name, job)
    declared: pulumi.Resource = Job(
        job,
        metadata={"namespace": app.namespace, "labels": labels},
        spec={
            "active_deadline_seconds": settings.active_deadline_seconds,
            "backoff_limit": settings.backoff_limit,
            "template": {
                "metadata": {"labels": labels},
                "spec": {**pod, "restart_policy": "Never"},
            },
        },
        opts=app.opts,
    )
    return declared
