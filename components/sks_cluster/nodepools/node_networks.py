"""The public addresses of a cluster's nodes, as networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumiverse_exoscale import SecurityGroup, SksNodepool

from ...exoscale.provider_functions import INSTANCE_POOLS, invoke_provider
from .args import NodePoolArgs


def node_networks(
    zone: str,
    pools: Sequence[NodePoolArgs],
    declared: Mapping[str, SksNodepool],
    group: SecurityGroup,
) -> pulumi.Output[list[str]]:
    """Returns the networks of all nodes in the security group, sorted.

    In a preview, they are unknown if the update changes the number of nodes.

    Args:
        pools: the settings of the nodepools.
        declared: the nodepools, by the names in the settings.
    """

    async def networks(known: Sequence[Any]) -> Any:
        identity, *own = known
        answer = await invoke_provider(INSTANCE_POOLS, zone=zone)
        return _if_known(identity, own, answer["pools"])

    own = (
        pulumi.Output.all(
            declared[pool.name].instance_pool_id,
            None if pool.autoscale else declared[pool.name].size,
        )
        for pool in pools
    )
    return pulumi.Output.all(group.id, *own).apply(networks)


def _if_known(
    group: str, own: Sequence[tuple[str, int | None]], pools: Sequence[Mapping[str, Any]]
) -> Any:
    """Returns the networks of the nodes; in a preview, unknown if the number of nodes changes.

    Args:
        group: ID of the security group.
        own: instance pool ID and future size of each nodepool of the stack. The size is None if an
            autoscaler changes it.
        pools: all instance pools of the zone.
    """
    sizes = {pool["id"]: len(pool["instances"]) for pool in pools}
    if pulumi.runtime.is_dry_run() and any(
        pool not in sizes or (size is not None and sizes[pool] != size) for pool, size in own
    ):
        return pulumi.UNKNOWN
    return _networks(group, pools)


def _networks(group: str, pools: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the networks of all instances in the security group, sorted."""
    return sorted(
        f"{instance['publicIpAddress']}/32"
        for pool in pools
        if group in pool["securityGroupIds"]
        for instance in pool["instances"]
    )
