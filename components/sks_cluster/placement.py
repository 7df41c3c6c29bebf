"""The nodes of a cluster on which pods run, and to which a load balancer sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..exoscale.load_balancer_args import LoadBalancerArgs
from ..exoscale.placement import NODEPOOL_LABEL, Placement
from .args import SksClusterArgs
from .nodepools.args import NodePoolArgs

if TYPE_CHECKING:
    from pulumiverse_exoscale import SksNodepool


def placement(
    cluster: SksClusterArgs,
    nodepools: Mapping[str, SksNodepool],
    name: str | None,
    balancer: LoadBalancerArgs | None,
) -> Placement:
    """The nodes of the pods behind a load balancer, or of those that name a nodepool.

    With `Local`, a node takes traffic for its own pods alone: they have to be where it comes to.
    """
    pool = cluster.nodepool(name)
    declared = nodepools[pool.name]
    local = balancer is not None and balancer.external_traffic_policy == "Local"
    tied = name is not None or (local and len(nodepools) > 1)
    return Placement(
        cluster.zone,
        declared.instance_pool_id,
        {NODEPOOL_LABEL: declared.id} if tied else {},
        tolerations(pool),
    )


def tolerations(pool: NodePoolArgs) -> list[dict[str, str]]:
    """Those of the taints that keep pods away."""
    found = []
    for key, taint in pool.repelling_taints.items():
        value, _, effect = taint.rpartition(":")
        found.append({"key": key, "operator": "Equal", "value": value, "effect": effect})
    return found
