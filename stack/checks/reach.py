"""Load balancers that nobody could reach, because the nodes' firewall is closed.

A load balancer passes clients' packets on with the clients' own addresses, and security groups
look at these: NodePorts must be open to the clients. Health checks come from addresses of
Exoscale's, which always reach the NodePorts, so a load balancer that drops all clients looks
healthy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import NamedTuple

from components.args.problem import Place, Problem, path
from components.exoscale.load_balancer_args import LoadBalancerArgs
from components.sks_cluster.args import SksClusterArgs
from components.sks_cluster.firewall.args import NODE_PORTS, port_range
from stack.args import StackArgs


class Balanced(NamedTuple):
    """A Service with a load balancer: its place in the settings, and what it is asked for."""

    place: Place
    balancer: LoadBalancerArgs
    protocols: frozenset[str]


def clients(settings: StackArgs) -> Iterator[Problem]:
    """The NodePorts behind load balancers are open to somebody."""
    cluster = settings.cluster
    if cluster is None or _has_other_groups(cluster):
        return
    for place, _, protocols in _balanced(settings):
        closed = sorted(each for each in protocols if not _sources(cluster, each))
        if closed:
            allowed = (
                f"must be given for the load balancer of {path(place)}, which passes packets"
                f" ({', '.join(closed)}) on with their clients' addresses: write the clients'"
                ' networks, or ["0.0.0.0/0"] for everyone, with cluster.allowOpenNetworks: true'
            )
            key = ("cluster", "nodePortSources")
            yield Problem(key, cluster.node_port_sources, allowed)
            return


def allowed_clients(settings: StackArgs) -> Iterator[Problem]:
    """Clients that a load balancer or the ingress controller lets in come through the firewall."""
    cluster = settings.cluster
    if cluster is None or _has_other_groups(cluster):
        return
    for index, app in enumerate(settings.apps):
        sources = _sources(cluster, "TCP")
        listed: list[tuple[Place, tuple[str, ...]]] = []
        if app.balancer:
            listed.append((("loadBalancer", "sourceNetworks"), app.balancer.source_networks))
        if app.is_served and app.ingress:
            listed.append((("ingress", "allowList"), app.ingress.allow_list))
        for key, networks in listed:
            outside = [each for each in networks if _is_outside(each, sources)]
            if outside:
                allowed = (
                    f"must be in cluster.nodePortSources too, which {outside[0]} is not: the"
                    " firewall drops its packets"
                )
                yield Problem(("apps", index, *key), networks, allowed)


def health_checks(settings: StackArgs) -> Iterator[Problem]:
    """The firewall lets health checks in to the port that they ask."""
    cluster = settings.cluster
    if cluster is None or _has_other_groups(cluster):
        return
    for place, balancer, _ in _balanced(settings):
        port = balancer.health_check.port
        if port is None or _meet(str(port), NODE_PORTS) or _sources(cluster, "TCP", str(port)):
            continue
        allowed = (
            f"must be one of {NODE_PORTS}, which are open to health checks, or in"
            " cluster.firewallRules"
        )
        yield Problem((*place, "loadBalancer", "healthCheck", "port"), port, allowed)


def _balanced(settings: StackArgs) -> Iterator[Balanced]:
    controller = settings.controller
    if controller and not controller.existing:
        yield Balanced(("ingress",), controller.load_balancer, frozenset({"TCP"}))
    for index, app in enumerate(settings.apps):
        if app.balancer:
            yield Balanced(("apps", index), app.balancer, app.protocols)


def _has_other_groups(cluster: SksClusterArgs) -> bool:
    """Whether nodes have security groups whose rules are not in the settings."""
    others = any(pool.security_groups for pool in cluster.nodepools)
    return others or cluster.adopt.security_group is not None


def _sources(cluster: SksClusterArgs, protocol: str, ports: str = NODE_PORTS) -> list[str]:
    """The networks that may reach some of these ports."""
    opened = [(NODE_PORTS, cluster.node_port_sources)]
    opened += [
        (rule.ports, rule.sources)
        for rule in cluster.firewall_rules
        if rule.protocol == protocol and rule.ports
    ]
    return [source for each, sources in opened if _meet(each, ports) for source in sources]


def _meet(some: str, others: str) -> bool:
    """Whether two ranges have a port in common."""
    first, last = port_range(some)
    lowest, highest = port_range(others)
    return first <= highest and lowest <= last


def _is_outside(network: str, sources: Iterable[str]) -> bool:
    """Whether a network has no address in common with those of its IP version, if there are any."""
    one = ip_network(network)
    alike = [each for each in map(ip_network, sources) if each.version == one.version]
    return bool(alike) and not any(one.overlaps(each) for each in alike)


CHECKS = (clients, allowed_clients, health_checks)
