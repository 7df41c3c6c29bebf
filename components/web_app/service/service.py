"""An application's Service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import Service

from ...exoscale.fixed_descriptions import refuse_description_change
from ...exoscale.load_balancer import controller_annotations, replace_on_balancer_change
from ...exoscale.lost_load_balancer import warn_if_lost
from ...exoscale.placement import Placement
from ...manifests.labels import SKIP_AWAIT
from ..context import Objects
from .args import ServiceArgs
from .ports import service_ports


def create_service(
    app: Objects,
    port: int,
    settings: ServiceArgs,
    placement: Placement | None = None,
) -> Service:
    """Creates the Service of the pods, which listen on `port`.

    A change of the type updates the Service. Annotations that the cloud controller writes (`id`,
    `service-instancepool-id`) are no drift, because Pulumi only compares what it has set.
    """
    spec: dict[str, Any] = {
        "type": settings.service,
        "selector": app.pods,
        "ports": service_ports(port, settings),
    }
    notes: Mapping[str, pulumi.Input[str]] = SKIP_AWAIT
    balancer = settings.balancer
    if balancer:
        spec["external_traffic_policy"] = balancer.external_traffic_policy
        if balancer.source_networks:
            spec["load_balancer_source_ranges"] = balancer.source_networks
        notes = controller_annotations(balancer, placement)
    name = app.in_program(app.name)
    options = pulumi.ResourceOptions.merge(app.opts, replace_on_balancer_change(balancer))
    if balancer and balancer.existing:
        # Also in another namespace: two Services can't share a load balancer's ports.
        shared = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=name)])
        name, options = app.name, pulumi.ResourceOptions.merge(options, shared)
    if balancer:
        refused = pulumi.ResourceOptions(hooks=refuse_description_change(app.name))
        options = pulumi.ResourceOptions.merge(options, refused)
    service = Service(
        name,
        metadata={**app.metadata, "annotations": {**app.annotations, **notes}},
        spec=spec,
        opts=options,
    )
    if balancer and placement:
        warn_if_lost(service, placement.zone)
    return service
