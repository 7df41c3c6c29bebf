"""The security group of a cluster's nodes: closed but for what the cluster itself needs.

Rules by CNI: Exoscale's SKS documentation and the Terraform provider's `examples/sks`. The health
port of Cilium is TCP, as Cilium's own documentation has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pulumi
from pulumiverse_exoscale import SecurityGroup, SecurityGroupRule

NODE_PORTS = (30000, 32767)
LOAD_BALANCER_HEALTH_CHECKS = "public-nlb-healthcheck-sources"


class Rule(NamedTuple):
    """Traffic between the nodes of the cluster. `ports` is (first, last), or None for ICMP echo."""

    name: str
    description: str
    protocol: str
    ports: tuple[int, int] | None


KUBELET = Rule("kubelet", "kubelet: logs, exec, metrics", "TCP", (10250, 10250))
OVERLAY = {
    "calico": (Rule("calico-vxlan", "Calico VXLAN overlay", "UDP", (4789, 4789)),),
    "cilium": (
        Rule("cilium-vxlan", "Cilium VXLAN overlay", "UDP", (8472, 8472)),
        Rule("cilium-health", "Cilium health checks", "TCP", (4240, 4240)),
        Rule("cilium-ping", "Cilium health checks (ICMP echo)", "ICMP", None),
    ),
}


def node_rules(cni: str) -> tuple[Rule, ...]:
    """What the nodes must be able to send each other with this CNI."""
    return (KUBELET, *OVERLAY[cni])


def create_rules(
    name: str,
    group: SecurityGroup,
    *,
    cni: str,
    node_port_sources: Sequence[str],
    opts: pulumi.ResourceOptions,
) -> list[SecurityGroupRule]:
    """Create the group's rules: among the nodes themselves, and from outside to the NodePorts.

    Args:
        cni: `calico` or `cilium`.
        node_port_sources: networks, in CIDR notation, that may reach the NodePorts. The addresses
            that Exoscale's load balancers check health from always may.
    """
    rules = [
        SecurityGroupRule(
            f"{name}-{rule.name}",
            security_group_id=group.id,
            type="INGRESS",
            description=rule.description,
            protocol=rule.protocol,
            start_port=rule.ports[0] if rule.ports else None,
            end_port=rule.ports[1] if rule.ports else None,
            icmp_type=None if rule.ports else 8,
            icmp_code=None if rule.ports else 0,
            user_security_group_id=group.id,
            opts=opts,
        )
        for rule in node_rules(cni)
    ]
    rules.append(
        _node_ports(
            f"{name}-nlb-health",
            group,
            "NodePorts: health checks of load balancers",
            opts,
            public_security_group=LOAD_BALANCER_HEALTH_CHECKS,
        )
    )
    rules += [
        _node_ports(f"{name}-node-ports-{source}", group, f"NodePorts from {source}", opts, source)
        for source in node_port_sources
    ]
    return rules


def _node_ports(
    name: str,
    group: SecurityGroup,
    description: str,
    opts: pulumi.ResourceOptions,
    cidr: str | None = None,
    public_security_group: str | None = None,
) -> SecurityGroupRule:
    return SecurityGroupRule(
        name,
        security_group_id=group.id,
        type="INGRESS",
        description=description,
        protocol="TCP",
        start_port=NODE_PORTS[0],
        end_port=NODE_PORTS[1],
        cidr=cidr,
        public_security_group=public_security_group,
        opts=opts,
    )
