"""Placement of pods and load balancers on the nodepools of an SKS cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..exoscale.load_balancer_args import BalancerArgs
from ..exoscale.placement import NODEPOOL_LABEL, Placement
from .args import SksClusterArgs
from .nodepools.args import NodePoolArgs

if TYPE_CHECKING:
    from pulumiverse_exoscale import SksNodepool


def placement(
    cluster: SksClusterArgs,
    nodepools: Mapping[str, SksNodepool],
    name: str | None,
    balancer: BalancerArgs | None,
) -> Placement:
    """Returns the placement of pods that are behind a load balancer or name a nodepool.

    With the policy `Local`, a node accepts traffic only for its own pods. Therefore, the pods must
    run on the nodes that the load balancer sends to.

    Args:
        name: the nodepool. Default: the first one that any pod can run on.
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
    """Returns tolerations of the nodepool's taints that repel pods."""
    found = []
    for key, taint in pool.repelling_taints.items():
        value, _, effect = taint.rpartition(":")
        found.append({"key": key, "operator": "Equal", "value": value, "effect": effect})
    return found
