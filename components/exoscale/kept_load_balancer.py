"""Creates a load balancer that outlives the Service and the cluster behind it."""

from __future__ import annotations

import pulumi
from pulumiverse_exoscale import Nlb

from .load_balancer_args import LoadBalancerArgs


def create_load_balancer(
    name: str, settings: LoadBalancerArgs, zone: str, opts: pulumi.ResourceOptions
) -> tuple[Nlb, LoadBalancerArgs]:
    """Creates a load balancer, and returns it with the settings of the Service that uses it.

    For the Service, it is an existing load balancer: Exoscale's cloud controller adds the Service's
    ports and removes them again, and leaves its name and description as they are. Source:
    exoscale/exoscale-cloud-controller-manager, `exoscale/loadbalancer.go`, `external`.
    """
    balancer = Nlb(name, zone=zone, name=settings.name, description=settings.description, opts=opts)
    own = {"existing": balancer.id, "name": None, "description": None}
    return balancer, settings.model_copy(update=own)
