"""Waits for the rollout of an application's Deployment before dependent resources are updated.

The Kubernetes plugin may read a Deployment's state before an update, in particular if a namespace
has several Deployments, and then reports at once that the update is done. Source:
pulumi/pulumi-kubernetes 4.25 to 4.32, provider/pkg/await/deployment.go,
`waitUntilDeploymentControllerReconciles`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment

from ...lifecycle import rollout_gate
from ...lifecycle.cluster_access import ClusterAccess
from ...lifecycle.kubernetes_api import KubernetesApi
from ...lifecycle.rolled_out import Workload, missing_pods
from ...lifecycle.waiting import wait_until
from ..context import Objects
from .args import RolloutArgs

if TYPE_CHECKING:
    from ..args import WebAppArgs

REMEDY = "Former pods go on serving. Mend what is wrong, and run `up` again"


def create_deployment_gate(
    app: Objects,
    settings: WebAppArgs,
    deployment: Deployment,
    spec: Mapping[str, Any],
    access: ClusterAccess,
) -> pulumi.Stash:
    """Creates a gate: resources that depend on it wait until all pods have the specification
    `spec`."""

    async def until_rolled_out(_: pulumi.ResourceHookArgs) -> None:
        api = await KubernetesApi.from_kubeconfig(access.kubeconfig, access.context)
        await rolled_out(api, app.namespace, app.name, settings.rollout)

    replicas = None if settings.autoscaler else settings.first_replicas
    pods = {"namespace": app.namespace, "replicas": replicas, "template": spec["template"]}
    hook = pulumi.ResourceHook(f"{app.name}-rolled-out", until_rolled_out)
    return rollout_gate.create_rollout_gate(app.name, pods, hook, deployment, app.opts.parent)


async def rolled_out(api: KubernetesApi, namespace: str, name: str, rollout: RolloutArgs) -> None:
    """Waits until all pods of the application have their Deployment's specification.

    Raises:
        WaitTimeoutError: after the rollout's `timeout_seconds`.
        ApiError: the API server rejects a request.
    """
    workload = Workload("deployments", namespace, name)
    await wait_until(
        lambda: missing_pods(api, workload),
        description=f"application {name}",
        timeout=rollout.timeout_seconds,
        hint=REMEDY,
    )
