"""Peers of network policies: whom pods may connect to, and who may connect to them.

Source: kubernetes.io/docs/concepts/services-networking/network-policies. Addresses are compared
after a Service's were replaced by those of its pods, so that a policy never names a Service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NAMESPACE = "kubernetes.io/metadata.name"
"""The label that the API server gives to each namespace."""

SYSTEM_NAMESPACE = "kube-system"

EVERYWHERE = ("0.0.0.0/0", "::/0")

LINK_LOCAL = {"0.0.0.0/0": ["169.254.0.0/16"], "::/0": ["fe80::/10"]}
"""Addresses of a node's own network, by what they are in. Exoscale's metadata service, with the
nodes' user data, is 169.254.169.254.

Source: RFC 3927 and 4291.
"""

PRIVATE = {
    "0.0.0.0/0": ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"],
    "::/0": ["fc00::/7"],
}
"""Private networks, where a cluster's pods and Services are.

Source: RFC 1918, 6598 and 4193.
"""


def namespace(name: str) -> dict[str, Any]:
    """All pods of a namespace."""
    return {"namespace_selector": {"match_labels": {NAMESPACE: name}}}


def network(cidr: str) -> dict[str, Any]:
    """All addresses of a network."""
    return {"ip_block": {"cidr": cidr}}


def all_but(networks: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """All addresses but those of some networks, which are listed by what they are in."""
    return [{"ip_block": {"cidr": cidr, "except_": [*inside]}} for cidr, inside in networks.items()]


def to_dns() -> dict[str, Any]:
    """The egress rule for the cluster's DNS: its pods have this label on every distribution.

    Source: kubernetes/kubernetes, cluster/addons/dns/coredns.
    """
    pods = {"pod_selector": {"match_labels": {"k8s-app": "kube-dns"}}}
    return {
        "to": [namespace(SYSTEM_NAMESPACE) | pods],
        "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")],
    }


def to_internet() -> dict[str, Any]:
    """The egress rule for all addresses that are public.

    Among them are those of the nodes and of the API server, whose own protection they are left to.
    """
    inside = {cidr: sorted([*LINK_LOCAL[cidr], *PRIVATE[cidr]]) for cidr in EVERYWHERE}
    return {"to": all_but(inside)}
