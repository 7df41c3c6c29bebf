"""Nodepools that the stack has no more are drained before they go.

Exoscale deletes a nodepool's instances as they are: without this, pods would be gone before others
have taken their place.
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

GONE = 404
HINT = (
    "Its nodes take no new pods and are not deleted yet. Have the pods' disruption budgets allow "
    "an eviction, or delete the pods, and run `up` again"
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
    """Drain the nodepools that were here and are no more, when all in `opts.depends_on` has moved.

    Deletions come last in an update: what this waits for is done before one of them begins. It
    remembers the nodepools in the stack's state. If a drain fails, the state does not change: the
    next `up` goes on with it. `pulumi destroy` drains nothing, for nobody takes pods over.
    """

    async def drain_former(args: pulumi.ResourceHookArgs) -> None:
        assert args.old_inputs
        assert args.new_inputs
        former = removed_nodepools(args.old_inputs["input"], args.new_inputs["input"])
        if former:
            api = await KubernetesApi.from_kubeconfig(kubeconfig.kubeconfig)
            await drain_nodepools(api, former, zone=zone, services=services, seconds=seconds)

    hook = pulumi.ResourceHook(f"{name}-drain", drain_former)
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
    """Those that are in `before` alone, by their IDs."""
    staying = {pool["id"] for pool in after.values()}
    return {name: pool for name, pool in before.items() if pool["id"] not in staying}


async def drain_nodepools(
    api: KubernetesApi, former: NodePoolIds, *, zone: str, services: Collection[str], seconds: int
) -> None:
    """Wait until the load balancers of `services` have left, let no new pod in, evict the others.

    Raises:
        WaitTimeoutError: a load balancer or a pod stays, for so many seconds each.
    """
    which = f"nodepool {', '.join(former)}, which is to be deleted"
    pools = [pool["instancePoolId"] for pool in former.values()]
    identities = [pool["id"] for pool in former.values()]

    async def to_move() -> str:
        return await missing_moves(api, pools, zone=zone, services=services)

    async def nodes() -> list[Object]:
        return await nodes_of(api, identities)

    await wait_until(
        to_move,
        description=which,
        timeout=seconds,
        hint="Delete the Service or have it name a nodepool that stays, and run `up` again",
    )
    await drain_nodes(api, nodes, description=which, timeout=seconds, hint=HINT)


async def drain_nodes(
    api: KubernetesApi,
    nodes: Callable[[], Awaitable[Sequence[Object]]],
    *,
    description: str,
    timeout: float,
    hint: str,
) -> None:
    """Let no new pod in to the nodes, and evict the others.

    Args:
        nodes: returns those that there still are.
        what: what is waited for, in words.
        remedy: what the user can do where a pod stays.

    Raises:
        WaitTimeoutError: a pod stays, for so many seconds.
    """
    leaving: set[str] | None = None

    async def to_evict() -> str:
        nonlocal leaving
        found = await nodes()
        await cordon(api, found)
        there = [pod for pod in await pods_of(api, found) if not needs_no_eviction(pod)]
        # each once: what tolerates everything is put on these nodes again
        leaving = {pod.uid for pod in there} if leaving is None else leaving
        told = [await _evicted(api, pod) for pod in there if pod.uid in leaving]
        return f"{len(told)} pods are still there: {'; '.join(told)}" if told else ""

    await wait_until(to_evict, description=description, timeout=timeout, hint=hint)


def needs_no_eviction(pod: Pod) -> bool:
    """Whether it may go with its node: a daemon of it, or what has done its work."""
    return pod.daemon_set is not None or pod.finished


async def _evicted(api: KubernetesApi, pod: Pod) -> str:
    """The pod and, unless it is leaving, what stands in the way."""
    if pod.leaving:
        return f"{pod} is ending"
    try:
        await evict(api, pod)
    except ApiError as error:
        if error.status == GONE:
            return f"{pod} is gone"
        return f"{pod}: {'; '.join(error.causes) or error}"
    return f"{pod} is ending"
