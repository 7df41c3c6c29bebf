"""Which connections to and from an application's pods are allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from ...database.network_policies import to_database
from ...manifests.labels import INSTANCE, selector
from ...manifests.network import dns_egress_rule, internet_egress_rule, namespace_peer, network_peer
from ..context import Objects
from ..names import job_name, part_name
from ..service.ports import open_ports
from .args import EgressArgs, PeerArgs

if TYPE_CHECKING:
    from ..args import WebAppArgs


def create_network_policies(
    app: Objects, settings: WebAppArgs, sources: Sequence[PeerArgs]
) -> list[pulumi.Resource]:
    """Creates the network policies of the application, its Job, its workers and its schedules.

    Only `sources` may connect to the ports of the application's pods. The kubelet's probes are
    always allowed. The pods may connect to DNS, the internet, the application's database and the
    listed peers. The pods of Jobs and workers may connect to the same peers, and nobody may connect
    to them.
    """
    egress = _egress(app.name, settings)
    ways_in = [
        {
            "from_": [_peer(each) for each in sources],
            "ports": open_ports(settings.container_port, settings),
        }
    ]
    created = [_policy(app.name, app, app.pods, ways_in if sources else [], egress)]
    parts = [job_name(app.name)] if settings.before_rollout else []
    parts += [part_name(app.name, each.name) for each in settings.workers]
    parts += [part_name(app.name, each.name) for each in settings.schedules]
    created += [_policy(each, app, selector(app.name, each), [], egress) for each in parts]
    return created


def _policy(
    name: str,
    app: Objects,
    pods: Mapping[str, str],
    ingress: Sequence[Mapping[str, Any]],
    egress: Sequence[Mapping[str, Any]],
) -> pulumi.Resource:
    policy: pulumi.Resource = NetworkPolicy(
        app.in_program(name),
        metadata={**app.metadata, "name": name},
        spec={
            "pod_selector": {"match_labels": pods},
            "policy_types": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
        opts=app.opts,
    )
    return policy


def _egress(app: str, settings: WebAppArgs) -> list[dict[str, Any]]:
    rules = [dns_egress_rule(), internet_egress_rule()]
    if settings.database and settings.database.kind == "postgresql":
        rules.append(to_database(app))
    return rules + [_way_out(each) for each in settings.network_policy.egress]


def _way_out(peer: EgressArgs) -> dict[str, Any]:
    """Returns an egress rule. Without ports, it allows all ports of the protocol."""
    ports: list[dict[str, Any]] = [{"protocol": peer.protocol, "port": port} for port in peer.ports]
    return {"to": [_peer(peer)], "ports": ports or [{"protocol": peer.protocol}]}


def _peer(peer: PeerArgs) -> dict[str, Any]:
    if peer.network:
        return network_peer(peer.network)
    found = namespace_peer(peer.namespace) if peer.namespace else {}
    if peer.app:
        found["pod_selector"] = {"match_labels": {INSTANCE: peer.app}}
    return found
