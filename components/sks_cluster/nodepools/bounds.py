"""Brings the size of nodepools within the limits of the settings after an autoscaler changed it.

Pulumi ignores changes of the size of a nodepool with an autoscaler, so no update of the nodepool
itself can correct it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeGuard

import pulumi
from pulumiverse_exoscale import SksKubeconfig, SksNodepool

from ...lifecycle.kubernetes_api import KubernetesApi
from ...lifecycle.waiting import wait_until
from .args import NodePoolArgs
from .live_sizes import Nodepools, within
from .ready_nodes import HINT, missing_nodes


def create_bounds_gate(
    name: str,
    pools: Sequence[NodePoolArgs],
    *,
    declared: Mapping[str, SksNodepool],
    nodepools: Nodepools,
    kubeconfig: SksKubeconfig,
    check_more_nodes: Callable[[str, int], Awaitable[None]],
    seconds: int,
    opts: pulumi.ResourceOptions,
) -> pulumi.Stash:
    """Creates a resource that brings the nodepools of a cluster with an autoscaler within bounds.

    It must depend on the autoscaler: the autoscaler has to know a lower maximum before nodes are
    drained, because it would add nodes for the evicted pods otherwise.

    It records the nodepools' IDs and limits in the stack's state, and acts if they differ. It also
    records a size beyond the limits that the state of a nodepool contains, which is how `refresh`
    has found it. If the hook fails, the state does not change, and the next `up` tries again.

    Args:
        pools: the settings of all nodepools. A fixed size is both limits.
        declared: the nodepools, by the names in the settings.
        check_more_nodes: checks the account's quota, with the name in the program and a number.
        seconds: timeout for new nodes to become Ready.
    """
    programs = {pool.name: declared[pool.name].pulumi_resource_name for pool in pools}

    async def bring_within(args: pulumi.ResourceHookArgs) -> None:
        before = recorded(args.old_inputs)
        after = recorded(args.new_inputs)
        for pool in pools:
            entry = after.get(pool.name)
            if not is_known(entry) or entry == before.get(pool.name):
                continue
            identity, bounds = entry["id"], (pool.min_size, pool.max_size)
            if pool.autoscale and bounds[1] > before.get(pool.name, {}).get("max", 0):
                size = await nodepools.size(identity)
                await check_more_nodes(programs[pool.name], bounds[1] - (size or bounds[0]))
            await nodepools.bring_within(programs[pool.name], identity, bounds)
            if not pulumi.runtime.is_dry_run():
                await _wait(kubeconfig, pool, identity, seconds)

    hook = pulumi.ResourceHook(
        f"{name}-bounds", bring_within, pulumi.ResourceHookOptions(on_dry_run=True)
    )
    return pulumi.Stash(
        name,
        input={pool.name: _entry(pool, declared[pool.name]) for pool in pools},
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook]),
                depends_on=[kubeconfig],
            ),
        ),
    )


def _entry(pool: NodePoolArgs, nodepool: SksNodepool) -> pulumi.Output[dict[str, Any]]:
    bounds = (pool.min_size, pool.max_size)
    limits = {"min": pool.min_size, "max": pool.max_size}

    def entry(values: Sequence[Any]) -> dict[str, Any]:
        identity, size = values
        beyond = {} if within(int(size), bounds) == size else {"size": int(size)}
        return {"id": identity, **limits, **beyond}

    return pulumi.Output.all(nodepool.id, nodepool.size).apply(entry)


def recorded(inputs: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Returns what a hook's inputs contain by nodepool; empty if there are none or unknown."""
    value = (inputs or {}).get("input")
    return value if isinstance(value, Mapping) else {}


def is_known(entry: Any) -> TypeGuard[Mapping[str, Any]]:
    """Returns whether the ID of a nodepool is known, which that of a new one is not in previews."""
    return isinstance(entry, Mapping) and isinstance(entry.get("id"), str)


async def _wait(kubeconfig: SksKubeconfig, pool: NodePoolArgs, identity: str, seconds: int) -> None:
    """Waits until the minimum of nodes is Ready, which does not include nodes that are added for
    pods in this moment."""
    api = await KubernetesApi.from_kubeconfig(kubeconfig.kubeconfig)

    async def missing() -> str:
        return await missing_nodes(api, identity, pool.min_size)

    await wait_until(missing, description=f"nodepool {pool.name}", timeout=seconds, hint=HINT)
