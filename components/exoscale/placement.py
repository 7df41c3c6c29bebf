"""Where pods go, and where a load balancer in front of them sends to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pulumi

NODEPOOL_LABEL = "node.exoscale.net/nodepool-id"
"""What the kubelets of SKS register with (`--node-labels`): the ID of their nodepool."""

HOST_LABEL = "kubernetes.io/hostname"
"""What each node has its own value of."""


class Placement(NamedTuple):
    """The nodes of one nodepool, by the label that SKS sets when a node starts.

    A label of the program's own would keep its value when a nodepool is replaced, but the nodes
    that are there never get it: pods that ask for it would wait for ever. By this one a replacement
    is a rollout, too: new pods are on the new nodes before the old ones go.

    Attributes:
        zone: where they are, and the load balancer.
        instance_pool_id: what a load balancer sends to.
        node_selector: what keeps pods there; empty where they may run elsewhere too.
        tolerations: what lets pods run there; empty where the nodepool has no taint that keeps
            pods away.
    """

    zone: str
    instance_pool_id: pulumi.Input[str]
    node_selector: Mapping[str, pulumi.Input[str]]
    tolerations: Sequence[Mapping[str, str]]

    @property
    def anywhere(self) -> Placement:
        """The same, for pods that may run elsewhere too."""
        return self._replace(node_selector={})


def pod_fields(placement: Placement | None, node_selector: str) -> dict[str, Any]:
    """Fields of a pod's specification, those alone that say something.

    Args:
        node_selector: the first one's name, which `pulumi_kubernetes` and charts spell differently.
    """
    if placement is None:
        return {}
    fields = {node_selector: placement.node_selector, "tolerations": placement.tolerations}
    return {key: value for key, value in fields.items() if value}


def spread(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Pods with these labels evenly over the nodes, as far as there are nodes, for a chart."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": HOST_LABEL,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels},
        }
    ]
