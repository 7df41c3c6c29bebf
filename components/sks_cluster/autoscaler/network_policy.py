"""The network policy of the cluster autoscaler."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from ...lifecycle.ownership import STACK, this_stack
from ...manifests.network import (
    SYSTEM_NAMESPACE,
    dns_egress_rule,
    internet_egress_rule,
    private_egress_rule,
)


def create_network_policy(
    name: str, object_name: str, pods: Mapping[str, str], opts: pulumi.ResourceOptions
) -> NetworkPolicy:
    """Creates a policy for the autoscaler's pods, beside the other pods of `kube-system`.

    Nobody connects to them, except the kubelet of their node for the liveness probe, which policies
    don't restrict. They connect to DNS, to the API server and to Exoscale's API.

    The annotation with the stack's name says whose object it is, because the stack does not own the
    namespace. Later runs ignore it, as that of a namespace.
    """
    kept = pulumi.ResourceOptions(ignore_changes=[f'metadata.annotations["{STACK}"]'])
    return NetworkPolicy(
        name,
        metadata={
            "name": object_name,
            "namespace": SYSTEM_NAMESPACE,
            "annotations": {STACK: this_stack()},
        },
        spec={
            "pod_selector": {"match_labels": pods},
            "policy_types": ["Ingress", "Egress"],
            "egress": [dns_egress_rule(), internet_egress_rule(), private_egress_rule()],
        },
        opts=pulumi.ResourceOptions.merge(opts, kept),
    )
