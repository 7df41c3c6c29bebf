"""Rules on network access to the nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.sks_cluster.firewall.args import KUBELET_PORT, NODE_PORTS, is_open, port_range
from policies.rule import Finding, Resource, Rule, StackRule

SSH_PORT = 22
CLOSED = {"kubelet": KUBELET_PORT, "SSH": SSH_PORT}
FIREWALL_RULE = "exoscale:index/securityGroupRule:SecurityGroupRule"
SERVICE = "kubernetes:core/v1:Service"


def _open_source(resource: Resource) -> str | None:
    """Returns the source network of a firewall rule if it is the internet or a large part of it."""
    if resource.type != FIREWALL_RULE or resource.inputs["type"] != "INGRESS":
        return None
    source: str | None = resource.inputs.get("cidr")
    return source if source and is_open(source) else None


def _ports(resource: Resource) -> range:
    """Returns the ports of a firewall rule. ICMP has none."""
    first = resource.inputs.get("startPort")
    return range(int(first), int(resource.inputs["endPort"]) + 1) if first else range(0)


def _check_closed_ports(resource: Resource) -> Iterator[str]:
    source = _open_source(resource)
    if source:
        for name, port in CLOSED.items():
            if port in _ports(resource):
                yield (
                    f"port {port} ({name}) is open to {source}: remove it from the rule's `ports`, "
                    "or write your own network as its source"
                )


def _check_node_ports(resources: Sequence[Resource]) -> Iterator[Finding]:
    first, last = port_range(NODE_PORTS)
    sources = {
        source
        for each in resources
        if (source := _open_source(each)) and _overlaps(_ports(each), first, last)
    }
    for each in resources:
        if sources and each.type == SERVICE and each.spec.get("type") == "NodePort":
            yield Finding(
                each,
                f"type NodePort: open to {', '.join(sorted(sources))} on every node: write "
                "`service: ClusterIP` or LoadBalancer, or restrict `cluster.nodePortSources`",
            )


def _overlaps(ports: range, first: int, last: int) -> bool:
    return bool(ports) and ports[0] <= last and first <= ports[-1]


RULES = (
    Rule(
        "closed-ports",
        f"The kubelet ({KUBELET_PORT}) and SSH ({SSH_PORT}) are not open to the internet.",
        _check_closed_ports,
    ),
    StackRule(
        "no-public-node-port",
        f"No Service has the type NodePort if the firewall opens {NODE_PORTS} to the internet, as "
        "load balancers require.",
        _check_node_ports,
    ),
)
