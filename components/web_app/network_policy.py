"""Who may open connections to an application's pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.kubernetes.labels import INSTANCE
from components.web_app.objects import Objects
from settings.apps.network_policy import PeerSettings

EVERYWHERE = ("0.0.0.0/0", "::/0")
NAMESPACE = "kubernetes.io/metadata.name"
"""The label that the API server gives to each namespace."""


def create_network_policy(
    app: Objects, ports: Sequence[Mapping[str, Any]], sources: Sequence[PeerSettings]
) -> NetworkPolicy:
    """Let nobody but `sources` in to `ports` of the pods. The kubelet's probes always come in.

    Source: kubernetes.io/docs/concepts/services-networking/network-policies.
    """
    return NetworkPolicy(
        app.name,
        metadata=app.metadata,
        spec={
            "pod_selector": {"match_labels": app.pods},
            "policy_types": ["Ingress"],
            "ingress": [{"from_": [_peer(each) for each in sources], "ports": ports}]
            if sources
            else [],
        },
        opts=app.opts,
    )


def _peer(source: PeerSettings) -> dict[str, Any]:
    if source.network:
        return {"ip_block": {"cidr": source.network}}
    peer = {}
    if source.namespace:
        peer["namespace_selector"] = {"match_labels": {NAMESPACE: source.namespace}}
    if source.app:
        peer["pod_selector"] = {"match_labels": {INSTANCE: source.app}}
    return peer
