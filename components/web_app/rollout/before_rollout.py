"""Creates a Job that must succeed before an application's new pods start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from ...lifecycle.cluster_access import ClusterAccess
from ...lifecycle.kubernetes_api import KubernetesApi
from ...lifecycle.waiting import wait_until
from ...manifests.labels import common_labels, selector
from ..context import Objects
from ..names import job_name
from .args import BeforeRolloutArgs

if TYPE_CHECKING:
    from pulumi_kubernetes.batch.v1 import Job


def create_job(
    app: Objects,
    settings: BeforeRolloutArgs,
    pod: Mapping[str, Any],
    access: ClusterAccess | None,
) -> Job:
    """Creates a Job that runs the command in a pod like the application's.

    The Job has a generated name. A change of its image, command, configuration or namespace
    replaces it: Pulumi runs the new Job first, then deletes the previous one. The resource name
    does not contain the namespace, because the generated name begins with it and is a label of the
    pods, with at most 63 characters.

    Args:
        access: access to the cluster, to check whether a previous Job still runs.
    """
    from pulumi_kubernetes.batch.v1 import Job

    job = job_name(app.name)
    labels = common_labels(app.name, job)
    return Job(
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
        opts=_alone(app, settings, access) if access else app.opts,
    )


def _alone(
    app: Objects, settings: BeforeRolloutArgs, access: ClusterAccess
) -> pulumi.ResourceOptions:
    """Returns options with a hook that waits until no other Job of the application runs.

    Another Job can run if Pulumi was killed while it created the Job, which is then in no state, or
    if `pulumi up` was interrupted, so that the state contains a failed Job.
    """

    async def until_alone(_: pulumi.ResourceHookArgs) -> None:
        api = await KubernetesApi.from_kubeconfig(access.kubeconfig, access.context)
        await wait_until(
            lambda: running_jobs(api, app.namespace, app.name),
            description=f"{job_name(app.name)} of application {app.name}",
            timeout=settings.active_deadline_seconds,
            hint=f"kubectl --namespace {app.namespace} delete job NAME ends it. Then run `up` "
            "again",
        )

    name = f"{app.name}-before-rollout-alone"
    hooks = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(name, until_alone)])
    return pulumi.ResourceOptions.merge(app.opts, pulumi.ResourceOptions(hooks=hooks))


async def running_jobs(api: KubernetesApi, namespace: str, app: str) -> str:
    """Returns a message with the application's Jobs that still run; empty if there are none."""
    labels = selector(app, job_name(app))
    jobs = await api.list(
        f"/apis/batch/v1/namespaces/{namespace}/jobs",
        labelSelector=",".join(f"{key}={value}" for key, value in labels.items()),
    )
    running = [job["metadata"]["name"] for job in jobs if not _has_ended(job)]
    return f"an earlier Job still runs: {', '.join(sorted(running))}" if running else ""


def _has_ended(job: Mapping[str, Any]) -> bool:
    conditions = job.get("status", {}).get("conditions") or ()
    return any(
        each["type"] in ("Complete", "Failed") and each["status"] == "True" for each in conditions
    )
