"""Reads and changes the number of nodes of nodepools through Exoscale's API."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pulumi
from pulumiverse_exoscale import SksCluster as Cluster, SksKubeconfig

from ...exoscale.api import SHORT_TIMEOUT, TIMEOUT, ExoscaleApi, ExoscaleApiError
from ...lifecycle.kubernetes_api import KubernetesApi, in_thread
from .smaller_nodepools import Nodepool, nodes_to_remove

NO_KEY = (
    "the number of nodes can't be checked, because EXOSCALE_API_KEY and EXOSCALE_API_SECRET are not"
    " set"
)


class Nodepools:
    """The nodepools of a cluster, as Exoscale's API shows them.

    Args:
        kubeconfig: credentials that drain the nodes to remove.
        seconds: timeout of each step.
    """

    def __init__(
        self, cluster: Cluster, *, zone: str, kubeconfig: SksKubeconfig, seconds: int
    ) -> None:
        self._cluster = cluster
        self._zone = zone
        self._kubeconfig = kubeconfig
        self._seconds = seconds

    async def size(self, identity: str) -> int | None:
        """Returns the size of a nodepool; None if it does not exist or can't be read.

        Raises:
            ExoscaleApiError: in an update, Exoscale does not answer.
        """
        found = await self._read(identity)
        return int(found["size"]) if found else None

    async def bring_within(self, name: str, identity: str, bounds: tuple[int, int]) -> None:
        """Adds nodes below the minimum, or drains and removes nodes above the maximum.

        In a preview, only shows what `up` will do.

        Raises:
            WaitTimeoutError: pods, or instances, remain after the timeout.
            ExoscaleApiError: Exoscale rejects the operation or does not answer.
        """
        found = await self._read(identity)
        if not found:
            return
        size = int(found["size"])
        wanted = within(size, bounds)
        if wanted == size:
            return
        if pulumi.runtime.is_dry_run():
            difference = f"nodes to add: {wanted - size}"
            if wanted < size:
                difference = nodes_to_remove(size - wanted)
            pulumi.info(f"{name}: size: {size} to {wanted}: {difference}")
            return
        exoscale = ExoscaleApi.for_zone(self._zone)
        assert exoscale
        nodepool = Nodepool(
            exoscale,
            name=name,
            path=await self._path(identity),
            identity=identity,
            instance_pool=found["instance-pool"]["id"],
        )
        if wanted > size:
            await nodepool.grow(wanted, self._seconds)
        else:
            api = await KubernetesApi.from_kubeconfig(self._kubeconfig.kubeconfig)
            await nodepool.shrink(api, wanted, self._seconds)

    async def _read(self, identity: str) -> dict[str, Any] | None:
        preview = pulumi.runtime.is_dry_run()
        exoscale = ExoscaleApi.for_zone(self._zone)
        if not exoscale:
            if preview:
                pulumi.warn(NO_KEY)
            return None
        path, timeout = await self._path(identity), SHORT_TIMEOUT if preview else TIMEOUT
        try:
            return await in_thread(exoscale.get, path, timeout)
        except ExoscaleApiError as error:
            if preview or error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def _path(self, identity: str) -> str:
        return f"/sks-cluster/{await self._cluster.id.future()}/nodepool/{identity}"


def within(size: int, bounds: tuple[int, int]) -> int:
    """Returns the size within the minimum and the maximum that is nearest to `size`."""
    minimum, maximum = bounds
    return min(max(size, minimum), maximum)
