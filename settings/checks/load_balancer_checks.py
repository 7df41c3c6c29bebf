"""Mistakes of a Service and its load balancer that show when several keys are looked at."""

from __future__ import annotations

from collections.abc import Iterator

from settings.apps.service import AppLoadBalancerSettings, ServiceSettings
from settings.errors import path
from settings.ingress import CONTROLLER_PORTS
from settings.load_balancer import HealthCheckSettings, LoadBalancerSettings, seconds
from settings.mistakes import Mistake, Place, rules
from settings.stack import Settings


def page(check: HealthCheckSettings) -> Iterator[Mistake]:
    """Only HTTP asks for one."""
    if check.uri is not None and check.mode == "tcp":
        allowed = "must not be given with mode tcp, which asks for no page"
        yield Mistake(("uri",), check.uri, allowed)


def timeout(check: HealthCheckSettings) -> Iterator[Mistake]:
    """A check ends before the next."""
    interval = check.interval or "10s"
    if check.timeout and seconds(check.timeout) > seconds(interval):
        allowed = f"must not be longer than the interval, {interval}"
        yield Mistake(("timeout",), check.timeout, allowed)


def texts(balancer: LoadBalancerSettings) -> Iterator[Mistake]:
    """An existing load balancer keeps its own."""
    for key, text in (("name", balancer.name), ("description", balancer.description)):
        if text is not None and balancer.existing:
            allowed = "must not be given with existing: that load balancer has its own"
            yield Mistake((key,), text, allowed)


def proof(balancer: LoadBalancerSettings) -> Iterator[Mistake]:
    """Source: kube-proxy answers on the health check port of every node; with its status."""
    check = balancer.health_check
    local = balancer.external_traffic_policy == "Local"
    if local and check.mode == "tcp" and check.port is None:
        allowed = (
            "must not have mode tcp with externalTrafficPolicy Local: every node accepts the"
            " connection, also one without a pod; http asks for its state"
        )
        yield Mistake(("healthCheck",), check, allowed)


def clients(balancer: AppLoadBalancerSettings) -> Iterator[Mistake]:
    """Whose networks are listed, their addresses are seen."""
    if balancer.source_networks and balancer.external_traffic_policy == "Cluster":
        allowed = (
            "must not be given with externalTrafficPolicy Cluster, which hides the clients'"
            " addresses"
        )
        yield Mistake(("sourceNetworks",), balancer.source_networks, allowed)


def kind(service: ServiceSettings) -> Iterator[Mistake]:
    """A load balancer's settings are a load balancer's."""
    if service.load_balancer is not None and service.service != "LoadBalancer":
        allowed = f"must not be given with service {service.service}"
        yield Mistake(("loadBalancer",), service.load_balancer, allowed)


def udp(service: ServiceSettings) -> Iterator[Mistake]:
    """The health check of a UDP port can pass.

    Without another port, it is a TCP connection to the NodePort of the port itself; with Local, a
    request to kube-proxy. Source: exoscale/exoscale-cloud-controller-manager,
    `exoscale/loadbalancer.go`.
    """
    balancer = service.balancer
    if not balancer or balancer.external_traffic_policy == "Local" or balancer.health_check.port:
        return
    for index, each in enumerate(service.ports):
        if each.protocol == "UDP":
            allowed = (
                f"must be Local, as ports[{index}] is UDP: with Cluster, the health check is a TCP"
                " connection to that port, which always fails; or give healthCheck.port"
            )
            place = ("loadBalancer", "externalTrafficPolicy")
            yield Mistake(place, balancer.external_traffic_policy, allowed)
            return


def shared(settings: Settings) -> Iterator[Mistake]:
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
                yield Mistake(place, balancer.existing, allowed)


def _balancers(
    settings: Settings,
) -> Iterator[tuple[Place, LoadBalancerSettings, tuple[int, ...]]]:
    """The keys that name an existing load balancer, and the ports of the Services behind it."""
    if settings.ingress:
        place = ("ingress", "loadBalancer", "existing")
        yield place, settings.ingress.load_balancer, CONTROLLER_PORTS
    for index, app in enumerate(settings.apps):
        if app.balancer:
            yield ("apps", index, "loadBalancer", "existing"), app.balancer, app.service_ports


def ports(service: ServiceSettings) -> Iterator[Mistake]:
    """Each has a name and a number of its own."""
    names, numbers = set(), {(service.service_port, "TCP")}
    for index, each in enumerate(service.ports):
        if each.name in names:
            yield Mistake(("ports", index, "name"), each.name, "must differ from other ports'")
        if (each.port, each.protocol) in numbers:
            allowed = f"must differ from servicePort, {service.service_port}, and other ports"
            yield Mistake(("ports", index, "port"), each.port, allowed)
        names.add(each.name)
        numbers.add((each.port, each.protocol))


RULES = (
    *rules(HealthCheckSettings, page, timeout),
    *rules(LoadBalancerSettings, texts, proof),
    *rules(AppLoadBalancerSettings, clients),
    *rules(ServiceSettings, kind, udp, ports),
    *rules(Settings, shared),
)
