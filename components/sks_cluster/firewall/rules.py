"""The firewall rules of a cluster's nodes. By default, they allow only what the cluster needs.

Sources of the rules by CNI: Exoscale's SKS documentation and the Terraform provider's
`examples/sks`. The health port of Cilium is TCP according to Cilium's documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pulumi
from pulumiverse_exoscale import SecurityGroup, SecurityGroupRule

from .args import (
    KUBELET_PORT,
    NODE_PORTS,
    FirewallRuleArgs,
    node_ports_rule,
    port_range,
)

LOAD_BALANCER_HEALTH_CHECKS = "public-nlb-healthcheck-sources"


class Traffic(NamedTuple):
    """Traffic that a rule allows. `ports` is a port, a range, or None for ICMP echo."""

    name: str
    description: str
    protocol: str
    ports: str | None


KUBELET = Traffic("kubelet", "kubelet: logs, exec, metrics", "TCP", str(KUBELET_PORT))
OVERLAY = {
    "calico": (Traffic("calico-vxlan", "Calico VXLAN overlay", "UDP", "4789"),),
    "cilium": (
        Traffic("cilium-vxlan", "Cilium VXLAN overlay", "UDP", "8472"),
        Traffic("cilium-health", "Cilium health checks", "TCP", "4240"),
        Traffic("cilium-ping", "Cilium health checks (ICMP echo)", "ICMP", None),
    ),
    "none": (),
}


def create_rules(
    name: str,
    group: SecurityGroup,
    *,
    cni: str,
    node_port_sources: Sequence[str],
    node_port_protocols: Sequence[str],
    firewall_rules: Sequence[FirewallRuleArgs],
    opts: pulumi.ResourceOptions,
) -> list[SecurityGroupRule]:
    """Creates the security group's rules, for traffic between the nodes and from outside.

    Args:
        cni: `calico`, `cilium` or `none`, which needs no rule.
        node_port_sources: networks (CIDR) that may reach the NodePorts, in addition to the health
            checks of Exoscale's load balancers.
        node_port_protocols: `TCP`, `UDP` or both.
        firewall_rules: additional rules.
    """

    def rule(traffic: Traffic, suffix: str = "", **source: Any) -> SecurityGroupRule:
        first, last = port_range(traffic.ports) if traffic.ports else (None, None)
        return SecurityGroupRule(
            f"{name}-{traffic.name}{suffix}",
            security_group_id=group.id,
            type="INGRESS",
            description=traffic.description,
            protocol=traffic.protocol,
            start_port=first,
            end_port=last,
            icmp_type=None if first else 8,
            icmp_code=None if first else 0,
            opts=opts,
            **source,
        )

    health = Traffic("nlb-health", "NodePorts: health checks of load balancers", "TCP", NODE_PORTS)
    return [
        *(rule(traffic, user_security_group_id=group.id) for traffic in (KUBELET, *OVERLAY[cni])),
        rule(health, public_security_group=LOAD_BALANCER_HEALTH_CHECKS),
        *(
            rule(
                Traffic(
                    node_ports_rule(protocol),
                    f"NodePorts from {source}{'' if protocol == 'TCP' else f' ({protocol})'}",
                    protocol,
                    NODE_PORTS,
                ),
                f"-{source}",
                cidr=source,
            )
            for source in node_port_sources
            for protocol in node_port_protocols
        ),
        *(
            rule(
                Traffic(
                    extra.name,
                    extra.description or f"{extra.name} from {source}",
                    extra.protocol,
                    extra.ports,
                ),
                f"-{source}",
                cidr=source,
            )
            for extra in firewall_rules
            for source in extra.sources
        ),
    ]
