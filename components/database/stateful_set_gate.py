"""Waits for the rollout of a database's StatefulSet before dependent resources are updated.

The Kubernetes plugin may read the StatefulSet's state before an update, and then reports at once
that the update is done (pulumi/pulumi-kubernetes before 4.26, provider/pkg/await/statefulset.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet

from ..lifecycle.cluster_access import ClusterAccess
from ..lifecycle.kubernetes_api import KubernetesApi
from ..lifecycle.rolled_out import Workload, missing_pods, pod_labels
from ..lifecycle.rollout_gate import create_rollout_gate
from ..lifecycle.waiting import WaitTimeoutError, wait_until
from ..volume.expansion import MANAGER

REMEDY = "Fix the error, and run `pulumi up` again"


class Rollout:
    """Waits for each update of a database, also for the next one after a failed update.

    The gate alone would not wait if a failed update is reverted, because the gate's state already
    has the previous settings.
    """

    def __init__(self, workload: Workload, access: ClusterAccess, seconds: int) -> None:
        self._workload, self._access, self._seconds = workload, access, seconds
        self._what = f"database {workload.namespace}/{workload.name}"
        self._failed = False

    @property
    def hooks(self) -> pulumi.ResourceHookBinding:
        """Returns the hooks of the StatefulSet."""
        name = self._workload.name
        return pulumi.ResourceHookBinding(
            before_update=[pulumi.ResourceHook(f"database:{name}:stuck", self._delete_stuck_pod)],
            after_update=[pulumi.ResourceHook(f"database:{name}:updated", self._wait)],
        )

    def create_gate(
        self, stateful_set: StatefulSet, spec: Mapping[str, Any], parent: pulumi.Resource | None
    ) -> None:
        """Creates a gate for resources that depend on `parent`. It waits for the pod of `spec`."""
        namespace, name = self._workload.namespace, self._workload.name
        hook = pulumi.ResourceHook(f"database:{name}:rolled-out", self._wait)
        pods = {"namespace": namespace, "template": spec["template"]}
        create_rollout_gate(name, pods, hook, stateful_set, parent)

    async def _delete_stuck_pod(self, _: pulumi.ResourceHookArgs) -> None:
        """Deletes a pod that is not ready. The update then starts the new pod.

        A StatefulSet only replaces a ready pod, and waits forever for one that can't become ready
        (Kubernetes, StatefulSets, "Forced rollback").
        """
        api = await self._api()
        found = await api.get(self._workload.path)
        if found.get("status", {}).get("readyReplicas", 0) >= found["spec"]["replicas"]:
            return

        async def pods() -> str:
            left = await api.list(self._workload.pods, labelSelector=pod_labels(found))
            return ", ".join(f"pod {pod['metadata']['name']} still exists" for pod in left)

        pulumi.info(f"{self._what}: its pod is not ready: it is deleted before the update")
        path = f"{self._workload.path}?fieldManager={MANAGER}"
        await api.patch(path, {"spec": {"replicas": 0}})
        await wait_until(pods, description=self._what, timeout=self._seconds, hint=REMEDY)

    async def _wait(self, _: pulumi.ResourceHookArgs) -> None:
        if self._failed:
            raise WaitTimeoutError(
                f"{self._what}: its rollout failed: see the error of its StatefulSet"
            )
        api = await self._api()
        try:
            await wait_until(
                lambda: missing_pods(api, self._workload),
                description=self._what,
                timeout=self._seconds,
                hint=REMEDY,
            )
        except WaitTimeoutError:
            self._failed = True
            raise

    async def _api(self) -> KubernetesApi:
        return await KubernetesApi.from_kubeconfig(self._access.kubeconfig, self._access.context)
