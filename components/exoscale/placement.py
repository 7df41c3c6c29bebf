"""Placement of pods and their load balancer on the nodes of a nodepool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pulumi

NODEPOOL_LABEL = "node.exoscale.net/nodepool-id"
"""Label with which SKS registers nodes (`--node-labels`): the ID of their nodepool."""

HOST_LABEL = "kubernetes.io/hostname"
"""Label with a different value on each node."""


class Placement(NamedTuple):
    """The nodes of a nodepool, selected by the label that SKS sets when a node starts.

    A custom label would keep its value when a nodepool is replaced. But existing nodes never get a
    new label, so pods that select it would stay pending. With the label of SKS, a replacement of
    the nodepool is also a rollout: new pods run on the new nodes before the old nodes are deleted.

    Attributes:
        zone: Exoscale zone of the nodes and the load balancer.
        instance_pool_id: the instance pool that the load balancer sends to.
        node_selector: selects the nodes; empty if pods may also run on other nodes.
        tolerations: tolerate the nodepool's taints; empty if it has no taint that repels pods.
    """

    zone: str
    instance_pool_id: pulumi.Input[str]
    node_selector: Mapping[str, pulumi.Input[str]]
    tolerations: Sequence[Mapping[str, str]]

    @property
    def anywhere(self) -> Placement:
        """The same placement for pods that may also run on other nodes."""
        return self._replace(node_selector={})


def pod_fields(placement: Placement | None, node_selector: str) -> dict[str, Any]:
    """Returns the fields of a pod's spec for a placement, without empty fields.

    Args:
        node_selector: name of the field for the node selector, which `pulumi_kubernetes` and charts
            spell differently.
    """
    if placement is None:
        return {}
    fields = {node_selector: placement.node_selector, "tolerations": placement.tolerations}
    return {key: value for key, value in fields.items() if value}


def spread_constraints(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Returns constraints for a chart that spread the pods with these labels over the nodes."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": HOST_LABEL,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels},
        }
    ]
