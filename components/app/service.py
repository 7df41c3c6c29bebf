"""An application's Service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
from pulumi_kubernetes.core.v1 import Service

from components.load_balancer import (
    BehindLoadBalancer,
    LoadBalancerArgs,
    anew_for_another,
    controller_annotations,
)

SERVICE_PORT = 80
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""Not waited for: what the Deployment's own readiness, or the controller's address, proves.

Source: pulumi/pulumi-kubernetes, annotation `pulumi.com/skipAwait`.
"""


class AppLoadBalancerArgs(LoadBalancerArgs):
    """An application's own load balancer. `source_networks` are its clients' (CIDR); none: all."""

    source_networks: Sequence[str]


class ServiceArgs(BehindLoadBalancer):
    """`service` is `ClusterIP`, `NodePort` or `LoadBalancer`, which has a `load_balancer`."""

    namespace: str
    port: int
    service: str
    load_balancer: NotRequired[AppLoadBalancerArgs]


def create_service(
    name: str, args: ServiceArgs, labels: Mapping[str, str], opts: pulumi.ResourceOptions
) -> Service:
    """The Service in front of the pods that have these `labels`.

    Its type is changed in place. What the cloud controller writes into its annotations (`id`,
    `service-instancepool-id`) is no difference to the engine, which compares what it has set.
    """
    spec: dict[str, Any] = {
        "type": args["service"],
        "selector": labels,
        "ports": [{"port": SERVICE_PORT, "target_port": args["port"]}],
    }
    notes: Mapping[str, pulumi.Input[str]] = SKIP_AWAIT
    balancer = args.get("load_balancer")
    if balancer:
        spec["external_traffic_policy"] = balancer["external_traffic_policy"]
        if balancer["source_networks"]:
            spec["load_balancer_source_ranges"] = balancer["source_networks"]
        notes = controller_annotations(balancer, args.get("instance_pool_id"))
    return Service(
        name,
        metadata={"name": name, "namespace": args["namespace"], "annotations": notes},
        spec=spec,
        opts=pulumi.ResourceOptions.merge(opts, anew_for_another(balancer)),
    )
