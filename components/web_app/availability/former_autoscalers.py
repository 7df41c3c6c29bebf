"""Restores the number of pods in the settings after an autoscaler was removed.

Pulumi deletes resources at the end of an update. Until then, the autoscaler keeps scaling and would
change the number that Pulumi just set. Therefore, the program deletes the autoscaler before the
update ends, and sets the number again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi

from ...lifecycle.cluster_access import ClusterAccess
from ...lifecycle.kubernetes_api import ApiError, KubernetesApi
from ..rollout.deployment_gate import rolled_out

if TYPE_CHECKING:
    from ..args import WebAppArgs

GONE = 404


def take_back_replicas(
    apps: Mapping[str, WebAppArgs], access: ClusterAccess, after: Sequence[pulumi.Resource]
) -> pulumi.Stash:
    """Records which applications and workers have an autoscaler, and deletes removed ones.

    If that fails, the state does not change, and the next `up` tries again.

    Args:
        apps: the args of applications and workers by `NAMESPACE/NAME`.
        access: access to the cluster.
        after: all applications, so that autoscalers exist as long as the update can still fail.
    """
    fixed = {place: app for place, app in apps.items() if not app.autoscaler}

    async def take_back(args: pulumi.ResourceHookArgs) -> None:
        assert args.old_inputs
        assert args.new_inputs
        former = set(args.old_inputs["input"]) - set(args.new_inputs["input"])
        for place in sorted(former & fixed.keys()):
            app = fixed[place]
            pulumi.info(f"{place}: replicas: {app.replicas}, instead of its autoscaler's number")
            if not pulumi.runtime.is_dry_run():
                api = await KubernetesApi.from_kubeconfig(access.kubeconfig, access.context)
                await set_replicas(api, place, app)

    hook = pulumi.ResourceHook(
        "former-autoscalers", take_back, pulumi.ResourceHookOptions(on_dry_run=True)
    )
    return pulumi.Stash(
        "autoscalers",
        input=sorted(place for place, app in apps.items() if app.autoscaler),
        opts=pulumi.ResourceOptions(
            depends_on=[*after], hooks=pulumi.ResourceHookBinding(before_update=[hook])
        ),
    )


async def set_replicas(api: KubernetesApi, place: str, app: WebAppArgs) -> None:
    """Deletes an application's autoscaler, scales its Deployment and waits for the pods."""
    namespace, name = place.split("/")
    scalers = f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"
    try:
        await api.delete(f"{scalers}/{name}")
    except ApiError as error:
        if error.status != GONE:
            raise
    scale = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"
    await api.patch(scale, {"spec": {"replicas": app.replicas}})
    await rolled_out(api, namespace, name, app.rollout)
