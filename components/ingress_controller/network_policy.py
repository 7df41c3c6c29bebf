"""Who reaches the pods in the ingress controller's namespace, and whom they reach."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from ..manifests.network import (
    LINK_LOCAL,
    NAMESPACE,
    SYSTEM_NAMESPACE,
    dns_egress_rule,
    internet_egress_rule,
    peers_except,
)

TRAFFIC_PORTS = ("http", "https", "web", "websecure")
"""As ingress-nginx's and as Traefik's chart names them. Both are open, so that a change from one
controller to the other never closes the ports of pods that still serve."""

WEBHOOK_PORT = "webhook"
METRICS_PORT = "metrics"

API_SERVER_PORTS = (443, 6443)
"""Of clusters whose control plane has a private address. That of SKS has a public one, with a port
that Exoscale does not tell (community.exoscale.com, "SKS Egress Security Groups": all ports)."""


def create_network_policy(
    name: str, namespace: str, *, metrics: bool, opts: pulumi.ResourceOptions
) -> NetworkPolicy:
    """A policy for all pods of the namespace, those of the chart's Jobs among them.

    Clients come from anywhere: load balancers keep their addresses, or hide them behind a node's.
    The API server calls the webhook from outside the cluster, by way of konnectivity's agents or of
    a node, whose addresses are not known either; the webhook answers nobody without a certificate
    to trust. Metrics are for pods of the cluster, if they are asked for.

    Out: DNS, the API server, pods of all namespaces but Kubernetes' own, for Ingresses may be in
    any, and the internet, where an Ingress may have its users authenticated.
    """
    ports = [{"port": port} for port in (*TRAFFIC_PORTS, WEBHOOK_PORT)]
    ingress: list[dict[str, Any]] = [{"ports": ports}]
    if metrics:
        ingress.append({"from_": [{"namespace_selector": {}}], "ports": [{"port": METRICS_PORT}]})
    not_system = {"key": NAMESPACE, "operator": "NotIn", "values": [SYSTEM_NAMESPACE]}
    return NetworkPolicy(
        name,
        metadata={"name": name, "namespace": namespace},
        spec={
            "pod_selector": {},
            "policy_types": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": [
                dns_egress_rule(),
                internet_egress_rule(),
                {"to": [{"namespace_selector": {"match_expressions": [not_system]}}]},
                {
                    "to": peers_except(LINK_LOCAL),
                    "ports": [{"port": port} for port in API_SERVER_PORTS],
                },
            ],
        },
        opts=opts,
    )
