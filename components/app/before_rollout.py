"""A Job that has to succeed before an application's new pods start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from components.labels import common_labels


class BeforeRolloutArgs(TypedDict):
    """The Job's command; its image and resources, if not the application's; and its bounds.

    It has failed after `active_deadline_seconds`, or when it failed once more than `backoff_limit`.
    """

    command: Sequence[str]
    image: NotRequired[str]
    resources: NotRequired[Mapping[str, Mapping[str, str]]]
    active_deadline_seconds: int
    backoff_limit: int


def create_job(
    name: str,
    namespace: str,
    args: BeforeRolloutArgs,
    pod: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> pulumi.Resource:
    """Run `command` in a pod like the application's.

    Its name is generated, and a Job of another image, command or configuration is another one: the
    engine runs it first, and deletes the one before afterwards.
    """
    from pulumi_kubernetes.batch.v1 import Job

    job = f"{name}-before-rollout"
    labels = common_labels(name, job)
    declared: pulumi.Resource = Job(
        job,
        metadata={"namespace": namespace, "labels": labels},
        spec={
            "active_deadline_seconds": args["active_deadline_seconds"],
            "backoff_limit": args["backoff_limit"],
            "template": {
                "metadata": {"labels": labels},
                "spec": {**pod, "restart_policy": "Never"},
            },
        },
        opts=opts,
    )
    return declared
