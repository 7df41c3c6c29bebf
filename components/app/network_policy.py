"""Who may open connections to an application's pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.labels import INSTANCE

EVERYWHERE = ("0.0.0.0/0", "::/0")
NAMESPACE = "kubernetes.io/metadata.name"
"""The label that the API server gives to each namespace."""


class PeerArgs(TypedDict):
    """Pods of an `app`, of a `namespace`, of an app in a namespace; or a `network` (CIDR)."""

    app: NotRequired[str]
    namespace: NotRequired[str]
    network: NotRequired[str]


class NetworkPolicyArgs(TypedDict):
    """Without `enabled`, everybody may. `sources` may, beside those that always do."""

    enabled: bool
    sources: Sequence[PeerArgs]


def create_network_policy(
    name: str,
    namespace: str,
    port: int,
    selector: Mapping[str, str],
    sources: Sequence[PeerArgs],
    opts: pulumi.ResourceOptions,
) -> NetworkPolicy:
    """Let nobody but `sources` in to `port` of the pods. The kubelet's probes always come in.

    Source: kubernetes.io/docs/concepts/services-networking/network-policies.
    """
    return NetworkPolicy(
        name,
        metadata={"name": name, "namespace": namespace},
        spec={
            "pod_selector": {"match_labels": selector},
            "policy_types": ["Ingress"],
            "ingress": [{"from_": [_peer(each) for each in sources], "ports": [{"port": port}]}]
            if sources
            else [],
        },
        opts=opts,
    )


def _peer(source: PeerArgs) -> dict[str, Any]:
    if "network" in source:
        return {"ip_block": {"cidr": source["network"]}}
    peer = {}
    if "namespace" in source:
        peer["namespace_selector"] = {"match_labels": {NAMESPACE: source["namespace"]}}
    if "app" in source:
        peer["pod_selector"] = {"match_labels": {INSTANCE: source["app"]}}
    return peer
