"""The network policy of cert-manager's namespace."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from ..manifests.network import (
    dns_egress_rule,
    internet_egress_rule,
    namespace_peer,
    private_egress_rule,
)

WEBHOOK_PORT = "https"
"""Name of the webhook's port in the chart."""


def create_network_policy(
    name: str,
    namespace: str,
    *,
    ingress_namespace: str,
    server_port: int,
    opts: pulumi.ResourceOptions,
) -> NetworkPolicy:
    """Creates a policy for all pods of the namespace, including those of the chart's Job.

    Incoming connections: the webhook, from any address, because the addresses from which the API
    server calls it are unknown. The webhook only serves TLS, with a certificate that the API server
    trusts.

    Outgoing connections:

    - DNS and the API server.
    - The internet and, on the ACME server's port, private addresses: the ACME server.
    - The ingress controller. Before cert-manager asks the ACME server to validate a host, it
      requests the challenge from the host itself, and the cluster sends a request to the load
      balancer's address directly to the controller's pods. Source: cert-manager,
      pkg/issuer/acme/http/http.go, `Check`.
    """
    return NetworkPolicy(
        name,
        metadata={"name": name, "namespace": namespace},
        spec={
            "pod_selector": {},
            "policy_types": ["Ingress", "Egress"],
            "ingress": [{"ports": [{"port": WEBHOOK_PORT}]}],
            "egress": [
                dns_egress_rule(),
                internet_egress_rule(),
                private_egress_rule(server_port),
                {"to": [namespace_peer(ingress_namespace)]},
            ],
        },
        opts=opts,
    )
