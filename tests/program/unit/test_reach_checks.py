"""Load balancers that nobody could reach are refused, with what to write."""

from __future__ import annotations

from typing import Any

import pytest

from tests.program.unit.engine import run
from tests.program.unit.stack_settings import APP, VALID, changed, load, mistakes

NETWORK, ELSEWHERE = "192.0.2.0/24", "198.51.100.0/24"
BALANCED = APP | {"service": "LoadBalancer"}
DNS = {"name": "dns", "port": 53, "protocol": "UDP"}
GROUP = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"


def closed(app: dict[str, Any], **cluster: Any) -> dict[str, Any]:
    """A stack with one application whose NodePorts are open to nobody, unless `cluster` says so."""
    values = changed("cluster", VALID["cluster"] | {"nodePortSources": []} | cluster)
    return values | {"apps": [app]}


@pytest.mark.parametrize(
    ("values", "whose"),
    [
        (closed(APP | {"path": "/web"}), "ingress"),
        (closed(APP) | {"ingress": {"controller": "traefik"}}, "ingress"),
        (closed(BALANCED), "apps[0]"),
    ],
)
def test_without_open_node_ports_a_load_balancer_is_refused(
    values: dict[str, Any], whose: str
) -> None:
    assert mistakes(values) == [
        f"cluster.nodePortSources: []: must be given for the load balancer of {whose}, which"
        " forwards packets (TCP) with their clients' addresses: write the clients' networks, or"
        ' ["0.0.0.0/0"] for everyone, with cluster.allowOpenNetworks: true'
    ]


@pytest.mark.parametrize(
    "values",
    [
        closed(APP),
        closed(APP | {"service": "NodePort"}),
        closed(BALANCED, nodePortSources=[NETWORK]),
        closed(
            BALANCED, firewallRules=[{"name": "a", "ports": "30000-32767", "sources": [NETWORK]}]
        ),
        closed(BALANCED, adopt={"securityGroup": GROUP}),
        closed(
            BALANCED,
            nodepools=[VALID["cluster"]["nodepools"][0] | {"securityGroups": [GROUP]}],
        ),
        {"existingCluster": {"stack": "dev"}, "apps": [BALANCED]},
    ],
)
def test_what_is_open_or_may_be_is_not_refused(values: dict[str, Any]) -> None:
    assert load(values)


def test_a_rule_of_another_protocol_or_of_other_ports_opens_nothing() -> None:
    rules = [
        {"name": "tcp", "ports": "30000-32767", "sources": [NETWORK]},
        {"name": "udp", "ports": 53, "protocol": "UDP", "sources": [NETWORK]},
    ]
    (line,) = mistakes(closed(BALANCED | {"ports": [DNS]}, firewallRules=rules))
    assert "the load balancer of apps[0], which forwards packets (UDP)" in line


@pytest.mark.parametrize("service", ["LoadBalancer", "NodePort"])
def test_udp_is_open_to_the_same_networks(service: str) -> None:
    from stack.compose import declare

    def rules(**app: Any) -> set[tuple[str, str]]:
        settings = load(closed(APP | {"service": service} | app, nodePortSources=[NETWORK]))
        engine, _ = run(lambda: declare(settings))
        return {
            (name, rule["protocol"])
            for name, rule in engine.of_type("SecurityGroupRule").items()
            if rule.get("cidr") == NETWORK and rule["startPort"] == 30000
        }

    tcp = (f"cluster-node-ports-{NETWORK}", "TCP")
    assert rules() == {tcp}
    assert rules(ports=[DNS]) == {tcp, (f"cluster-node-ports-udp-{NETWORK}", "UDP")}


def test_a_health_check_of_udp_that_can_not_pass_is_refused() -> None:
    def app(**balancer: Any) -> dict[str, Any]:
        return BALANCED | {"ports": [DNS], "loadBalancer": balancer}

    cluster = {"externalTrafficPolicy": "Cluster"}
    assert mistakes(closed(app(**cluster), nodePortSources=[NETWORK])) == [
        'apps[0].loadBalancer.externalTrafficPolicy: "Cluster": must be Local, as ports[0] is UDP:'
        " with Cluster, the health check is a TCP connection to that port, which always fails; or"
        " give healthCheck.port"
    ]
    told = app(**cluster, healthCheck={"port": 30053})
    assert load(closed(told, nodePortSources=[NETWORK]))
    assert load(closed(app(), nodePortSources=[NETWORK]))


def test_a_health_check_of_a_closed_port_is_refused() -> None:
    app = BALANCED | {"loadBalancer": {"healthCheck": {"mode": "http", "port": 10256}}}
    assert mistakes(closed(app, nodePortSources=[NETWORK])) == [
        "apps[0].loadBalancer.healthCheck.port: 10256: must be one of 30000-32767, which are"
        " open to health checks, or in cluster.firewallRules"
    ]
    rule = {"name": "kube-proxy", "ports": 10256, "sources": [ELSEWHERE]}
    assert load(closed(app, nodePortSources=[NETWORK], firewallRules=[rule]))


@pytest.mark.parametrize(
    ("app", "key"),
    [
        (
            BALANCED | {"loadBalancer": {"sourceNetworks": [NETWORK, ELSEWHERE]}},
            f'loadBalancer.sourceNetworks: ["{NETWORK}", "{ELSEWHERE}"]',
        ),
        (
            APP | {"path": "/web", "ingress": {"allowList": [ELSEWHERE]}},
            f'ingress.allowList: ["{ELSEWHERE}"]',
        ),
    ],
)
def test_clients_that_are_let_in_come_through_the_firewall(app: dict[str, Any], key: str) -> None:
    (line,) = mistakes(closed(app, nodePortSources=[NETWORK]))
    assert line == (
        f"apps[0].{key}: must be in cluster.nodePortSources too, which {ELSEWHERE} is not: the"
        " firewall drops its packets"
    )
    assert load(closed(app, nodePortSources=[NETWORK, ELSEWHERE]))


def test_a_network_of_the_other_ip_version_is_not_compared() -> None:
    app = APP | {"path": "/web", "ingress": {"allowList": [NETWORK, "2001:db8::/32"]}}
    assert load(closed(app, nodePortSources=[NETWORK]))
