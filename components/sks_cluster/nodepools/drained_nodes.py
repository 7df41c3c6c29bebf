"""Drains nodepools that were removed from the stack, before Pulumi deletes them.

Exoscale deletes a nodepool's instances without draining them. Without this module, pods would be
deleted before their replacements run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

import pulumi
from pulumiverse_exoscale import SksKubeconfig, SksNodepool

from ...lifecycle.kubernetes_api import ApiError, KubernetesApi
from ...lifecycle.waiting import wait_until
from .moved_load_balancers import missing_moves
from .nodes import Object, Pod, cordon, evict, nodes_of, pods_of

NOT_FOUND = 404
HINT = (
    "Its nodes are cordoned and not deleted yet. Change the pods' disruption budgets to allow "
    "evictions, or delete the pods, and run `pulumi up` again"
)


def create_drain_gate(
    name: str,
    nodepools: Mapping[str, SksNodepool],
    *,
    kubeconfig: SksKubeconfig,
    zone: str,
    services: Collection[str],
    seconds: int,
    opts: pulumi.ResourceOptions,
) -> pulumi.Stash:
    """Creates a resource that drains removed nodepools after all resources in `opts.depends_on`.

    Pulumi deletes resources at the end of an update, after this resource has drained the nodes. The
    resource records the nodepools in the stack's state. If draining fails, the state does not
    change, and the next `up` continues. `pulumi destroy` drains nothing, because no other nodes
    could run the pods.

    Args:
        nodepools: the stack's nodepools, by name.
        services: `NAMESPACE/NAME` of the Services whose load balancers move first.
        seconds: timeout for the load balancers, and again for the pods.
    """

    async def drain(args: pulumi.ResourceHookArgs) -> None:
        assert args.old_inputs
        assert args.new_inputs
        removed = removed_nodepools(args.old_inputs["input"], args.new_inputs["input"])
        if removed:
            api = await KubernetesApi.from_kubeconfig(kubeconfig.kubeconfig)
            await drain_nodepools(api, removed, zone=zone, services=services, seconds=seconds)

    hook = pulumi.ResourceHook(f"{name}-drain", drain)
    return pulumi.Stash(
        name,
        input={
            pool: {"id": nodepool.id, "instancePoolId": nodepool.instance_pool_id}
            for pool, nodepool in nodepools.items()
        },
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                depends_on=[kubeconfig],
                hooks=pulumi.ResourceHookBinding(before_update=[hook]),
            ),
        ),
    )


NodePoolIds = Mapping[str, Mapping[str, Any]]
"""Name of a nodepool to its `id` and `instancePoolId`."""


def removed_nodepools(before: NodePoolIds, after: NodePoolIds) -> NodePoolIds:
    """Returns the nodepools that only `before` contains, compared by ID."""
    remaining = {pool["id"] for pool in after.values()}
    return {name: pool for name, pool in before.items() if pool["id"] not in remaining}


async def drain_nodepools(
    api: KubernetesApi, removed: NodePoolIds, *, zone: str, services: Collection[str], seconds: int
) -> None:
    """Waits until the load balancers of `services` have moved, then drains the nodes.

    Raises:
        WaitTimeoutError: load balancers or pods remain on the nodes after `seconds`, each.
    """
    description = f"nodepool {', '.join(removed)}, which is to be deleted"
    pools = [pool["instancePoolId"] for pool in removed.values()]
    identities = [pool["id"] for pool in removed.values()]

    async def to_move() -> str:
        return await missing_moves(api, pools, zone=zone, services=services)

    async def nodes() -> list[Object]:
        return await nodes_of(api, identities)

    await wait_until(
        to_move,
        description=description,
        timeout=seconds,
        hint="Delete the Service or set its nodepool to another one, and run `pulumi up` again",
    )
    await drain_nodes(api, nodes, description=description, timeout=seconds, hint=HINT)


async def drain_nodes(
    api: KubernetesApi,
    nodes: Callable[[], Awaitable[Sequence[Object]]],
    *,
    description: str,
    timeout: float,
    hint: str,
) -> None:
    """Cordons nodes and evicts their pods.

    Args:
        nodes: returns the nodes that still exist.
        description: the nodepool. Messages start with it.
        timeout: in seconds.
        hint: what the user can do about a pod that remains.

    Raises:
        WaitTimeoutError: pods remain on the nodes after the timeout.
    """
    leaving: set[str] | None = None

    async def to_evict() -> str:
        nonlocal leaving
        found = await nodes()
        await cordon(api, found)
        pods = [pod for pod in await pods_of(api, found) if not needs_no_eviction(pod)]
        # no new pods: the scheduler may put pods that tolerate everything on the nodes again
        leaving = {pod.uid for pod in pods} if leaving is None else leaving
        states = [await _evict(api, pod) for pod in pods if pod.uid in leaving]
        return f"{len(states)} pods remain: {'; '.join(states)}" if states else ""

    await wait_until(to_evict, description=description, timeout=timeout, hint=hint)


def needs_no_eviction(pod: Pod) -> bool:
    """Returns whether a pod may be deleted with its node: a DaemonSet's or a finished pod."""
    return pod.daemon_set is not None or pod.finished


async def _evict(api: KubernetesApi, pod: Pod) -> str:
    """Evicts a pod and returns its state: the pod, and the reason if the eviction fails."""
    if pod.leaving:
        return f"{pod} is terminating"
    try:
        await evict(api, pod)
    except ApiError as error:
        if error.status == NOT_FOUND:
            return f"{pod} was deleted"
        return f"{pod}: {'; '.join(error.causes) or error}"
    return f"{pod} is terminating"
