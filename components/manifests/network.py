"""Peers and rules of network policies.

Source: kubernetes.io/docs/concepts/services-networking/network-policies. Policies apply after a
Service's address is replaced by that of a pod. Therefore, a policy never contains the address of a
Service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NAMESPACE = "kubernetes.io/metadata.name"
"""The label that the API server sets on each namespace. Its value is the namespace's name."""

SYSTEM_NAMESPACE = "kube-system"

EVERYWHERE = ("0.0.0.0/0", "::/0")

LINK_LOCAL = {"0.0.0.0/0": ["169.254.0.0/16"], "::/0": ["fe80::/10"]}
"""Link-local networks, by the network that contains them. Exoscale's metadata service, which serves
the nodes' user data, has the address 169.254.169.254.

Source: RFC 3927 and 4291.
"""

PRIVATE = {
    "0.0.0.0/0": ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"],
    "::/0": ["fc00::/7"],
}
"""Private networks, by the network that contains them. A cluster's pods and Services are in them.

Source: RFC 1918, 6598 and 4193.
"""


def namespace_peer(name: str) -> dict[str, Any]:
    """Returns the peer for all pods of a namespace."""
    return {"namespace_selector": {"match_labels": {NAMESPACE: name}}}


def network_peer(cidr: str) -> dict[str, Any]:
    """Returns the peer for all addresses of a network."""
    return {"ip_block": {"cidr": cidr}}


def peers_except(networks: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Returns the peers for all addresses except some networks.

    Args:
        networks: the excluded networks, by the network that contains them.
    """
    return [{"ip_block": {"cidr": cidr, "except_": [*inside]}} for cidr, inside in networks.items()]


def dns_egress_rule() -> dict[str, Any]:
    """Returns the egress rule for the cluster's DNS, whose pods have the same label everywhere.

    Source: kubernetes/kubernetes, cluster/addons/dns/coredns.
    """
    pods = {"pod_selector": {"match_labels": {"k8s-app": "kube-dns"}}}
    return {
        "to": [namespace_peer(SYSTEM_NAMESPACE) | pods],
        "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")],
    }


def internet_egress_rule() -> dict[str, Any]:
    """Returns the egress rule for all public addresses.

    These include the addresses of the nodes and of the API server, which have their own protection.
    """
    inside = {cidr: sorted([*LINK_LOCAL[cidr], *PRIVATE[cidr]]) for cidr in EVERYWHERE}
    return {"to": peers_except(inside)}


API_SERVER_PORTS = (443, 6443)
"""Ports of API servers with a private address. An API server of SKS has a public address and a
port that Exoscale does not document (community.exoscale.com, "SKS Egress Security Groups": all
ports)."""


def private_egress_rule(*ports: int) -> dict[str, Any]:
    """Returns the egress rule for the API server and these ports, at any address that is not
    link-local."""
    opened = dict.fromkeys((*API_SERVER_PORTS, *ports))
    return {"to": peers_except(LINK_LOCAL), "ports": [{"port": port} for port in opened]}
