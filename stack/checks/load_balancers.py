"""Mistakes of a Service and its load balancer that show when several keys are looked at."""

from __future__ import annotations

from collections.abc import Iterator

from components.args.problem import Place, Problem, path
from components.exoscale.load_balancer_args import (
    LoadBalancerArgs,
)
from components.ingress_controller.args import CONTROLLER_PORTS
from stack.args import StackArgs


def shared(settings: StackArgs) -> Iterator[Problem]:
    """Services on one load balancer have different ports.

    Exoscale's cloud controller finds a Service's part of it by the port: each would take the other
    for its own, and have it send to its own pods.
    """
    first: dict[tuple[str, int], Place] = {}
    for place, balancer, ports in _balancers(settings):
        for port in ports if balancer.existing else ():
            key = (str(balancer.existing), port)
            other = first.setdefault(key, place)
            if other != place:
                allowed = f"must differ from {path(other)}, which has the port {port} there too"
                yield Problem(place, balancer.existing, allowed)


def _balancers(
    settings: StackArgs,
) -> Iterator[tuple[Place, LoadBalancerArgs, tuple[int, ...]]]:
    """The keys that name an existing load balancer, and the ports of the Services behind it."""
    if settings.ingress:
        place = ("ingress", "loadBalancer", "existing")
        yield place, settings.ingress.load_balancer, CONTROLLER_PORTS
    for index, app in enumerate(settings.apps):
        if app.balancer:
            yield ("apps", index, "loadBalancer", "existing"), app.balancer, app.service_ports


CHECKS = (shared,)
