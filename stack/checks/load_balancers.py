"""Checks Services that use the same existing load balancer."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.problem import Place, Problem, path
from components.exoscale.load_balancer_args import (
    BalancerArgs,
)
from components.ingress_controller.args import CONTROLLER_PORTS
from stack.args import StackArgs


def check_existing_load_balancers(settings: StackArgs) -> Iterator[Problem]:
    """Rejects Services that use the same port of one load balancer.

    Exoscale's cloud controller identifies the part of a Service by its port. Each Service would
    take the part of the other one, and direct its traffic to its own pods.
    """
    first: dict[tuple[str, int], Place] = {}
    for place, balancer, ports in _balancers(settings):
        for port in ports if balancer.existing else ():
            key = (str(balancer.existing), port)
            other = first.setdefault(key, place)
            if other != place:
                allowed = f"must differ from {path(other)}, which also uses its port {port}"
                yield Problem(place, balancer.existing, allowed)


def check_kept_load_balancer(settings: StackArgs) -> Iterator[Problem]:
    """Rejects `keep` without `cluster`, which has the zone of the load balancer."""
    if settings.ingress and settings.ingress.load_balancer.keep and not settings.cluster:
        allowed = (
            "must not be true with existingCluster, whose zone is not known: create the load"
            " balancer with `exo compute load-balancer create` and set existing to its ID"
        )
        yield Problem(("ingress", "loadBalancer", "keep"), True, allowed)


def _balancers(
    settings: StackArgs,
) -> Iterator[tuple[Place, BalancerArgs, tuple[int, ...]]]:
    """Yields the load balancers, each with the path of `existing` and the ports of its Service."""
    if settings.ingress:
        place = ("ingress", "loadBalancer", "existing")
        yield place, settings.ingress.load_balancer, CONTROLLER_PORTS
    for index, app in enumerate(settings.apps):
        if app.balancer:
            yield ("apps", index, "loadBalancer", "existing"), app.balancer, app.service_ports


CHECKS = (check_existing_load_balancers, check_kept_load_balancer)
