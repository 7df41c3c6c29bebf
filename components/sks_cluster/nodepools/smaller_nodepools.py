"""Chooses and drains the nodes to remove when the size of a nodepool decreases.

Exoscale's provider scales the nodepool. Exoscale then chooses the nodes and drains nothing.
Therefore, the program removes the nodes first, with Exoscale's operation `evict`, so that the
provider scales to the size that the nodepool already has.

Source: exoscale/cli, cmd/compute/sks/sks_nodepool_evict.go, sks_nodepool_scale.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumiverse_exoscale import SksKubeconfig

from ...exoscale.api import SHORT_TIMEOUT, ExoscaleApi, ExoscaleApiError
from ...lifecycle.kubernetes_api import KubernetesApi, in_thread
from ...lifecycle.waiting import wait_until
from .busy_nodepools import BUSY
from .drained_nodes import drain_nodes, needs_no_eviction
from .nodes import Object, is_ready, nodes_of, pods_of, uncordon

DRAIN_HINT = (
    "No node was removed, and all are schedulable again. Change the pods' disruption budgets to "
    "allow evictions, or delete the pods, and run `pulumi up` again"
)
EVICT_HINT = "Their pods have moved. Check the nodepool in the portal, and run `pulumi up` again"
BUSY_HINT = "Check the nodepool in the portal, and run `pulumi up` again"
IDLE = ("running", "error")
NO_KEY = (
    "Exoscale chooses the nodes to remove and does not drain them, because EXOSCALE_API_KEY and "
    "EXOSCALE_API_SECRET are not set. If they are set, the program drains the nodes first"
)
PROVIDER_ID = "exoscale://"


def drain_before_shrinking(
    name: str, *, zone: str, kubeconfig: SksKubeconfig, seconds: int
) -> pulumi.ResourceHookBinding:
    """Returns a hook that runs before an update of a nodepool and before its preview.

    Args:
        name: the cluster's name.
        kubeconfig: the nodepools must depend on it.
        seconds: timeout of each step.
    """

    async def shrink(args: pulumi.ResourceHookArgs) -> None:
        await shrink_nodepool(args, zone=zone, kubeconfig=kubeconfig, seconds=seconds)

    hook = pulumi.ResourceHook(
        f"{name}-smaller", shrink, pulumi.ResourceHookOptions(on_dry_run=True)
    )
    return pulumi.ResourceHookBinding(before_update=[hook])


async def shrink_nodepool(
    args: pulumi.ResourceHookArgs, *, zone: str, kubeconfig: SksKubeconfig, seconds: int
) -> None:
    """Drains and removes nodes if the size decreases. In a preview, only shows their number."""
    assert args.old_inputs
    assert args.new_inputs
    before, after = int(args.old_inputs["size"]), int(args.new_inputs["size"])
    if after == before:
        return
    exoscale = ExoscaleApi.for_zone(zone)
    path = f"/sks-cluster/{args.old_inputs['clusterId']}/nodepool/{args.id}"
    if exoscale:
        before = await _current_size(exoscale, path, before)
    if after >= before:
        return
    change = f"{args.name}: size: {before} to {after}"
    if exoscale is None:
        pulumi.warn(f"{change}: {NO_KEY}")
    elif pulumi.runtime.is_dry_run():
        pulumi.info(f"{change}: {nodes_to_remove(before - after)}")
    else:
        assert args.old_outputs
        nodepool = Nodepool(
            exoscale,
            name=args.name,
            path=path,
            identity=args.id,
            instance_pool=args.old_outputs["instancePoolId"],
        )
        api = await KubernetesApi.from_kubeconfig(kubeconfig.kubeconfig)
        await nodepool.shrink(api, after, seconds)


def nodes_to_remove(number: int) -> str:
    """Returns what previews say about a nodepool that becomes smaller."""
    return f"nodes to drain and then remove: {number}"


async def _current_size(exoscale: ExoscaleApi, path: str, recorded: int) -> int:
    """Returns the size of a nodepool, which an autoscaler may have changed since it was recorded.

    Without an answer, returns the recorded size.
    """
    try:
        return int((await in_thread(exoscale.get, path, SHORT_TIMEOUT))["size"])
    except ExoscaleApiError:
        return recorded


class Nodepool:
    """A nodepool in Exoscale's API.

    Args:
        path: path of the nodepool in the API.
        identity: ID of the nodepool.
        instance_pool: ID of its instance pool.
    """

    def __init__(
        self, exoscale: ExoscaleApi, *, name: str, path: str, identity: str, instance_pool: str
    ) -> None:
        self._exoscale = exoscale
        self._name = name
        self._path = path
        self._identity = identity
        self._instance_pool = instance_pool

    async def shrink(self, api: KubernetesApi, size: int, seconds: int) -> None:
        """Drains and removes nodes until the nodepool has `size` nodes.

        Does nothing if an interrupted `up` has already removed them.

        Raises:
            WaitTimeoutError: pods or instances remain after `seconds`.
            ExoscaleApiError: Exoscale rejects the operation.
        """
        await self._wait_until_idle(seconds)
        pool = await in_thread(self._exoscale.get, f"/instance-pool/{self._instance_pool}")
        members = [member["id"] for member in pool.get("instances", ())]
        nodes = {_instance(node): node for node in await nodes_of(api, [self._identity])}
        leaving = (await _in_order(api, members, nodes))[: max(0, len(members) - size)]
        if leaving:
            await self._drain(api, [nodes[each] for each in leaving if each in nodes], seconds)
            await self._evict(leaving, seconds)

    async def grow(self, size: int, seconds: int) -> None:
        """Scales the nodepool to `size` nodes, and returns when the instances run.

        Does nothing if it has as many: an autoscaler that knows the same minimum may be faster.

        Raises:
            WaitTimeoutError: the nodepool is still changing after `seconds`.
            ExoscaleApiError: Exoscale rejects the operation.
        """
        operation: Mapping[str, Any] | None = None

        async def unscaled() -> str:
            nonlocal operation
            try:
                found = await in_thread(self._exoscale.get, self._path)
            except ExoscaleApiError as error:
                return str(error)
            if found["state"] not in IDLE:
                return f"it is {found['state']}"
            if int(found["size"]) >= size:
                return ""
            try:
                operation = await in_thread(
                    self._exoscale.put, f"{self._path}:scale", {"size": size}
                )
            except ExoscaleApiError as error:
                if BUSY.words not in str(error).lower():
                    raise
                return str(error)
            return ""

        what = f"nodepool {self._name}"
        await wait_until(unscaled, description=what, timeout=seconds, hint=BUSY_HINT)
        if operation:
            progress = f"it is being scaled to {size} nodes"
            await self._wait_for(operation, progress, BUSY_HINT, seconds)

    async def _drain(self, api: KubernetesApi, nodes: Sequence[Object], seconds: int) -> None:
        async def remaining() -> list[Object]:
            existing = await nodes_of(api, [self._identity])
            names = {_name(node) for node in nodes}
            return [node for node in existing if _name(node) in names]

        names = ", ".join(_name(node) for node in nodes)
        what = f"nodepool {self._name}, of which {names} are to be removed"
        done = False
        try:
            await drain_nodes(api, remaining, description=what, timeout=seconds, hint=DRAIN_HINT)
            done = True
        finally:
            if not done:
                cordoned = [node for node in nodes if not node["spec"].get("unschedulable")]
                await uncordon(api, cordoned)

    async def _evict(self, instances: Sequence[str], seconds: int) -> None:
        body = {"instances": instances}
        operation = await in_thread(self._exoscale.put, f"{self._path}:evict", body)
        remaining = f"nodes that are still being removed: {len(instances)}"
        await self._wait_for(operation, remaining, EVICT_HINT, seconds, "no node was removed")

    async def _wait_for(
        self,
        operation: Mapping[str, Any],
        progress: str,
        hint: str,
        seconds: int,
        failure: str = "it was not scaled",
    ) -> None:
        """Waits for an operation, and until the nodepool accepts the next one.

        Args:
            progress: what is missing while the operation is pending.
            hint: what the user can do if it stays pending.
            failure: what a failed operation means.
        """

        async def pending() -> str:
            try:
                now = await in_thread(self._exoscale.get, f"/operation/{operation['id']}")
            except ExoscaleApiError as error:
                return str(error)
            if now["state"] == "pending":
                return progress
            if now["state"] != "success":
                raise ExoscaleApiError(f"{self._name}: {failure}: {now.get('reason')}")
            return ""

        what = f"nodepool {self._name}"
        await wait_until(pending, description=what, timeout=seconds, hint=hint)
        await self._wait_until_idle(seconds)

    async def _wait_until_idle(self, seconds: int) -> None:
        """Waits for an earlier change, because Exoscale rejects concurrent changes."""

        async def changing() -> str:
            try:
                state = (await in_thread(self._exoscale.get, self._path))["state"]
            except ExoscaleApiError as error:
                return str(error)
            return "" if state in IDLE else f"it is {state}"

        what = f"nodepool {self._name}"
        await wait_until(changing, description=what, timeout=seconds, hint=BUSY_HINT)


async def _in_order(
    api: KubernetesApi, members: Sequence[str], nodes: dict[str, Object]
) -> list[str]:
    """Returns instances in the order of their removal.

    First instances without a node, then cordoned nodes and nodes that are not Ready, then the nodes
    with the fewest pods to evict.
    """
    ranks = {}
    for member in members:
        node = nodes.get(member)
        if node is None:
            ranks[member] = (0, 0, "")
            continue
        moving = [pod for pod in await pods_of(api, [node]) if not needs_no_eviction(pod)]
        closed = node["spec"].get("unschedulable") or not is_ready(node)
        ranks[member] = (1 if closed else 2, len(moving), _name(node))
    return sorted(members, key=lambda member: ranks[member])


def _instance(node: Object) -> str:
    return str(node["spec"].get("providerID", "")).removeprefix(PROVIDER_ID)


def _name(node: Object) -> str:
    return str(node["metadata"]["name"])
