"""What comes after a database's StatefulSet waits until its rollout is done.

The Kubernetes plugin may look at a StatefulSet as it was before an update, and says at once that
the update is done (pulumi/pulumi-kubernetes before 4.26, provider/pkg/await/statefulset.go).
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
from .expansion import MANAGER

REMEDY = "Mend what is wrong, and run `up` again"


class Rollout:
    """Of one database: each update is waited for, and after one that failed the next `up` waits.

    The gate alone would not look where a failed update is taken back, for it remembers those
    settings.
    """

    def __init__(self, workload: Workload, access: ClusterAccess, seconds: int) -> None:
        self._workload, self._access, self._seconds = workload, access, seconds
        self._what = f"database {workload.namespace}/{workload.name}"
        self._failed = False

    @property
    def hooks(self) -> pulumi.ResourceHookBinding:
        """Of the StatefulSet."""
        name = self._workload.name
        return pulumi.ResourceHookBinding(
            before_update=[pulumi.ResourceHook(f"database:{name}:stuck", self._stop_if_stuck)],
            after_update=[pulumi.ResourceHook(f"database:{name}:updated", self._wait)],
        )

    def create_gate(
        self, stateful_set: StatefulSet, spec: Mapping[str, Any], parent: pulumi.Resource | None
    ) -> None:
        """What depends on the `parent` waits until the pod is that of `spec`."""
        namespace, name = self._workload.namespace, self._workload.name
        hook = pulumi.ResourceHook(f"database:{name}:rolled-out", self._wait)
        pods = {"namespace": namespace, "template": spec["template"]}
        create_rollout_gate(name, pods, hook, stateful_set, parent)

    async def _stop_if_stuck(self, _: pulumi.ResourceHookArgs) -> None:
        """Remove a pod that is not ready.

        A StatefulSet replaces a pod once it is ready, and waits without end for one that can't be
        (Kubernetes, StatefulSets, "Forced rollback"). The update then starts the new one.
        """
        api = await self._api()
        found = await api.get(self._workload.path)
        if found.get("status", {}).get("readyReplicas", 0) >= found["spec"]["replicas"]:
            return

        async def pods() -> str:
            left = await api.list(self._workload.pods, labelSelector=pod_labels(found))
            return ", ".join(f"pod {pod['metadata']['name']} is still there" for pod in left)

        pulumi.info(f"{self._what}: its pod is not ready: it is removed before the update")
        path = f"{self._workload.path}?fieldManager={MANAGER}"
        await api.patch(path, {"spec": {"replicas": 0}})
        await wait_until(pods, description=self._what, timeout=self._seconds, hint=REMEDY)

    async def _wait(self, _: pulumi.ResourceHookArgs) -> None:
        if self._failed:
            raise WaitTimeoutError(f"{self._what}: its rollout failed, as its StatefulSet tells")
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
