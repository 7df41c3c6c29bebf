"""What comes after an application's Deployment waits until its rollout is done.

The Kubernetes plugin may look at a Deployment as it was before an update, above all where several
are in one namespace, and says at once that the update is done (pulumi/pulumi-kubernetes 4.25 to
4.32, provider/pkg/await/deployment.go: `waitUntilDeploymentControllerReconciles`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment

from components.kubernetes.cluster_access import ClusterAccess
from components.kubernetes.kubernetes_api import KubernetesApi
from components.kubernetes.waiting import until_nothing_is_missing
from components.web_app.objects import Objects
from settings.app import AppSettings

REMEDY = "Former pods go on serving. Mend what is wrong, and run `up` again"

Object = Mapping[str, Any]

_TOLD = 3
"""Of how many pods or containers an error says what is wrong."""


def create_gate(
    app: Objects,
    settings: AppSettings,
    deployment: Deployment,
    spec: Mapping[str, Any],
    access: ClusterAccess,
) -> pulumi.Stash:
    """What depends on the gate waits until all pods are those of `spec`.

    It remembers in the stack's state what was rolled out, and looks where that is another one. If
    it does not open, the state does not change: the next `up` looks again.
    """

    async def until_rolled_out(_: pulumi.ResourceHookArgs) -> None:
        api = await KubernetesApi.of(access.kubeconfig, access.context)
        await until_nothing_is_missing(
            lambda: missing_pods(api, app.namespace, app.name),
            what=f"application {app.name}",
            seconds=settings.rollout.timeout_seconds,
            remedy=REMEDY,
        )

    replicas = None if settings.autoscaler else settings.first_replicas
    pods = {"namespace": app.namespace, "replicas": replicas, "template": spec["template"]}
    hook = pulumi.ResourceHook(f"{app.name}-rolled-out", until_rolled_out)
    return pulumi.Stash(
        f"{app.name}-rollout",
        input=pulumi.Output.json_dumps(pods).apply(_digest),
        opts=pulumi.ResourceOptions(
            parent=app.opts.parent,
            depends_on=[deployment],
            hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook]),
        ),
    )


async def missing_pods(api: KubernetesApi, namespace: str, name: str) -> str:
    """What is missing until a Deployment's rollout is done, and why; nothing if it is.

    By what `kubectl rollout status` looks at (kubernetes/kubectl, pkg/polymorphichelpers).
    """
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    deployment = await api.get(path)
    missing = _missing(deployment)
    if not missing:
        return ""
    labels = deployment["spec"]["selector"]["matchLabels"]
    pods = await api.list(
        f"/api/v1/namespaces/{namespace}/pods",
        labelSelector=",".join(f"{key}={value}" for key, value in labels.items()),
    )
    newest_first = sorted(
        pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True
    )
    troubles = list(_troubles(newest_first))
    more = len(troubles) - _TOLD
    return "; ".join([missing, *troubles[:_TOLD], *([f"{more} more"] if more > 0 else [])])


def _missing(deployment: Object) -> str:
    wanted, status = deployment["spec"]["replicas"], deployment.get("status", {})
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return "its Deployment's controller has not seen the change"
    updated = status.get("updatedReplicas", 0)
    if updated < wanted:
        return f"{updated} of {wanted} new pods are there"
    if former := status.get("replicas", 0) - updated:
        return f"{former} former pods are there still"
    available = status.get("availableReplicas", 0)
    if available < wanted:
        return f"{available} of {wanted} pods are available"
    return ""


def _troubles(pods: Iterable[Object]) -> Iterable[str]:
    """Why containers don't run, or pods have no node, in the words of kubelet and scheduler."""
    for pod in pods:
        name, status = pod["metadata"]["name"], pod.get("status", {})
        for each in status.get("conditions", ()):
            if each["type"] == "PodScheduled" and each["status"] == "False":
                yield f"pod {name}: {each['reason']}: {each.get('message', '')}"
        kinds = ("initContainerStatuses", "containerStatuses")
        for container in (each for kind in kinds for each in status.get(kind, ())):
            waiting = container.get("state", {}).get("waiting")
            if waiting and waiting.get("message"):
                words = f"{waiting['reason']}: {waiting['message']}"
                yield f"pod {name}, container {container['name']}: {words}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
