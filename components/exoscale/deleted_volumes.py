"""Waits until volumes are deleted before nodes are deleted.

Exoscale's CSI driver deletes a volume some time after its claim, once the volume is detached. The
driver runs on the nodes. A volume that still exists when the nodes are deleted therefore stays in
the account and causes costs.

Source: exoscale-csi-driver v0.34.3, deployment/latest/controller.yaml.
"""

from __future__ import annotations

import pulumi

from ..lifecycle.kubernetes_api import ApiError, KubernetesApi
from ..lifecycle.waiting import wait_until

CSI_DRIVER = "csi.exoscale.com"
TIMEOUT = 600  # seconds
NO_ANSWER = 0
LIST_HINT = "`exo compute block-storage list` shows them; volumes of claims are named pvc-ID"
HINT = (
    "`kubectl describe pv` shows the driver's errors. Fix the cause and run the command again, or "
    "delete the volume with `exo compute block-storage delete` and `kubectl delete pv`"
)


def volume_hook(cluster: str, kubeconfig: pulumi.Input[str] | None = None) -> pulumi.ResourceHook:
    """Returns the hook that waits for volumes before a nodepool of the cluster is deleted.

    With the hook, `pulumi destroy` requires `--run-program`. The engine finds the hook by name when
    it deletes a nodepool that was created with the hook. Therefore, the program always registers
    it, even if no nodepool uses it anymore.

    Args:
        kubeconfig: None if the stack no longer has the cluster. The hook then does nothing.
    """

    async def wait(_: pulumi.ResourceHookArgs) -> None:
        if kubeconfig is None:
            return
        api = await KubernetesApi.from_kubeconfig(kubeconfig)
        try:
            await api.list("/api/v1/persistentvolumes")
        except ApiError as error:
            if error.status != NO_ANSWER:
                raise
            pulumi.warn(
                "volumes may stay in the account, because the cluster is unreachable: "
                f"{error}. {LIST_HINT}"
            )
            return
        await wait_for_volumes(api)

    return pulumi.ResourceHook(f"{cluster}-volumes", wait)


async def wait_for_volumes(api: KubernetesApi) -> None:
    """Waits until Exoscale's driver has deleted the volumes whose claims were deleted.

    Raises:
        WaitTimeoutError: a volume still exists after 600 seconds.
        ApiError: the API server denies access.
    """

    async def remaining() -> str:
        names = ", ".join(await volumes_to_delete(api))
        return f"Exoscale's CSI driver has yet to delete {names}" if names else ""

    await wait_until(remaining, description="volumes", timeout=TIMEOUT, hint=HINT)


async def volumes_to_delete(api: KubernetesApi) -> list[str]:
    """Returns the names of the volumes that the driver has yet to delete.

    A volume becomes `Released` a moment after its claim is deleted. Therefore, the function looks
    for the claims instead.
    """
    volumes = await api.list("/api/v1/persistentvolumes")
    claims = await api.list("/api/v1/persistentvolumeclaims")
    existing = {claim["metadata"]["uid"] for claim in claims}
    return sorted(
        volume["metadata"]["name"]
        for volume in volumes
        if (volume["spec"].get("csi") or {}).get("driver") == CSI_DRIVER
        and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
        and (volume["spec"].get("claimRef") or {}).get("uid", "") not in {"", *existing}
    )
