"""The network policy of the ingress controller's namespace."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from ..manifests.network import (
    NAMESPACE,
    SYSTEM_NAMESPACE,
    dns_egress_rule,
    internet_egress_rule,
    private_egress_rule,
)

TRAFFIC_PORTS = ("http", "https", "web", "websecure")
"""Names of the ports in the charts of ingress-nginx and Traefik. The policy opens the ports of both
charts, so that a change of the controller never closes ports of pods that still serve."""

WEBHOOK_PORT = "webhook"
METRICS_PORT = "metrics"


def create_network_policy(
    name: str, namespace: str, *, metrics: bool, opts: pulumi.ResourceOptions
) -> NetworkPolicy:
    """Creates a policy for all pods of the namespace, including those of the chart's Jobs.

    Incoming connections:

    - HTTP and HTTPS from any address: load balancers keep the clients' addresses, or replace them
      with a node's.
    - The webhook from any address: the API server calls it from outside the cluster, through
      konnectivity's agents or a node, whose addresses are unknown. The webhook
      only serves TLS, with a certificate that the API server trusts.
    - Metrics from pods of the cluster, with `metrics`.

    Outgoing connections:

    - DNS and the API server.
    - Pods in all namespaces except Kubernetes' own: Ingresses may be in any namespace.
    - The internet: an Ingress may authenticate its users there.
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
                private_egress_rule(),
            ],
        },
        opts=opts,
    )
