"""Rejects load balancers whose clients the nodes' firewall drops.

A load balancer forwards packets with the clients' own addresses, and security groups compare these
with their rules: NodePorts must be open to the clients. Health checks use Exoscale's addresses,
which can always reach the NodePorts, so a load balancer appears healthy even if all clients are
dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import NamedTuple

from components.args.problem import Place, Problem, path
from components.exoscale.load_balancer_args import BalancerArgs
from components.sks_cluster.args import SksClusterArgs
from components.sks_cluster.firewall.args import NODE_PORTS, port_range
from stack.args import StackArgs


class Balanced(NamedTuple):
    """A Service with a load balancer: its path in the settings and the protocols of its ports."""

    place: Place
    balancer: BalancerArgs
    protocols: frozenset[str]


def check_node_port_sources(settings: StackArgs) -> Iterator[Problem]:
    """Requires the NodePorts behind load balancers to be open to clients."""
    cluster = settings.cluster
    if cluster is None or has_other_groups(cluster):
        return
    for place, _, protocols in _balanced(settings):
        closed = sorted(each for each in protocols if not sources(cluster, each))
        if closed:
            allowed = (
                f"must be given for the load balancer of {path(place)}, which forwards packets"
                f" ({', '.join(closed)}) with their clients' addresses: write the clients'"
                ' networks, or ["0.0.0.0/0"] for everyone, with cluster.allowOpenNetworks: true'
            )
            key = ("cluster", "nodePortSources")
            yield Problem(key, cluster.node_port_sources, allowed)
            return


def check_allowed_clients(settings: StackArgs) -> Iterator[Problem]:
    """Requires the firewall to accept the clients that a load balancer or an Ingress allows."""
    cluster = settings.cluster
    if cluster is None or has_other_groups(cluster):
        return
    for index, app in enumerate(settings.apps):
        opened = sources(cluster, "TCP")
        listed: list[tuple[Place, tuple[str, ...]]] = []
        if app.balancer:
            listed.append((("loadBalancer", "sourceNetworks"), app.balancer.source_networks))
        if app.is_served and app.ingress:
            listed.append((("ingress", "allowList"), app.ingress.allow_list))
        for key, networks in listed:
            outside = [each for each in networks if _is_outside(each, opened)]
            if outside:
                allowed = (
                    f"must be in cluster.nodePortSources too, which {outside[0]} is not: the"
                    " firewall drops its packets"
                )
                yield Problem(("apps", index, *key), networks, allowed)


def check_health_check_ports(settings: StackArgs) -> Iterator[Problem]:
    """Requires the firewall to accept health checks on their port."""
    cluster = settings.cluster
    if cluster is None or has_other_groups(cluster):
        return
    for place, balancer, _ in _balanced(settings):
        port = balancer.health_check.port
        if port is None or _meet(str(port), NODE_PORTS) or sources(cluster, "TCP", str(port)):
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


def has_other_groups(cluster: SksClusterArgs) -> bool:
    """Whether nodes have security groups whose rules are not in the settings."""
    others = any(pool.security_groups for pool in cluster.nodepools)
    return others or cluster.adopt.security_group is not None


def sources(cluster: SksClusterArgs, protocol: str, ports: str = NODE_PORTS) -> list[str]:
    """Returns the networks that may reach at least one of the ports."""
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


CHECKS = (check_node_port_sources, check_allowed_clients, check_health_check_ports)
