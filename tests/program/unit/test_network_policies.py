"""Who may connect to an application's pods, and to whom they may."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

import pytest

from tests.program.unit.app import BACKUP, declare_app
from tests.program.unit.engine import Engine


@pytest.mark.parametrize(
    ("settings", "peers"),
    [
        ({"path": None}, None),
        ({}, [{"namespaceSelector": "ingress-nginx"}]),
        (
            {"path": None, "service": "NodePort"},
            [{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}],
        ),
        (
            {
                "path": None,
                "service": "LoadBalancer",
                "loadBalancer": {"sourceNetworks": ["192.0.2.0/24"]},
            },
            [{"ipBlock": {"cidr": "192.0.2.0/24"}}],
        ),
        (
            {"networkPolicy": {"from": [{"namespace": "web", "app": "api"}, {"app": "cron"}]}},
            [
                {"namespaceSelector": "web", "podSelector": "api"},
                {"podSelector": "cron"},
                {"namespaceSelector": "ingress-nginx"},
            ],
        ),
    ],
)
def test_who_may_connect(settings: dict[str, Any], peers: list[Any] | None) -> None:
    spec = declare_app(**settings)[0].of_type("NetworkPolicy")["rickroller"]["spec"]
    assert spec["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "rickroller"
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    if peers is None:
        assert spec["ingress"] == []
        return
    (rule,) = spec["ingress"]
    assert rule["ports"] == [{"port": 8080}]
    label = {
        "namespaceSelector": "kubernetes.io/metadata.name",
        "podSelector": "app.kubernetes.io/instance",
    }
    assert rule["from"] == [
        {
            kind: {"matchLabels": {label[kind]: value}} if kind in label else value
            for kind, value in peer.items()
        }
        for peer in peers
    ]


def allowed_networks(rule: dict[str, Any]) -> list[tuple[IPv4Network | IPv6Network, list[Any]]]:
    """The networks of an egress rule, each with those that are not meant."""
    return [
        (ip_network(peer["ipBlock"]["cidr"]), [*map(ip_network, peer["ipBlock"]["except"])])
        for peer in rule["to"]
    ]


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("203.0.113.7", True),
        ("2001:db8::1", True),
        ("169.254.169.254", False),
        ("10.96.0.1", False),
        ("172.18.0.2", False),
        ("192.168.1.7", False),
        ("100.64.0.1", False),
        ("fd00::1", False),
        ("fe80::1", False),
    ],
)
def test_pods_reach_the_internet_and_no_other_address(address: str, allowed: bool) -> None:
    spec = declare_app()[0].of_type("NetworkPolicy")["rickroller"]["spec"]
    _, internet = spec["egress"]
    assert "ports" not in internet
    found = [
        excluded
        for network, excluded in allowed_networks(internet)
        if ip_address(address) in network
        and not any(ip_address(address) in each for each in excluded)
    ]
    assert bool(found) is allowed


def test_pods_reach_dns_their_database_and_who_is_listed() -> None:
    listed = [
        {"app": "cache", "ports": [6379]},
        {"namespace": "logs", "protocol": "UDP"},
        {"network": "10.0.0.0/24", "ports": [53, 5353], "protocol": "UDP"},
    ]
    engine, _ = declare_app(
        networkPolicy={"egress": listed},
        database={},
        beforeRollout={"command": ["migrate"]},
    )
    policies = engine.of_type("NetworkPolicy")
    dns, _, database, *others = policies["rickroller"]["spec"]["egress"]
    assert dns == {
        "to": [
            {
                "namespaceSelector": {
                    "matchLabels": {"kubernetes.io/metadata.name": "kube-system"}
                },
                "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            }
        ],
        "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
    }
    (peer,) = database["to"]
    pods = engine.of_type("StatefulSet")["rickroller-db"]["spec"]["template"]
    assert peer["podSelector"]["matchLabels"].items() <= pods["metadata"]["labels"].items()
    assert database["ports"] == [{"port": 5432}]
    assert others == [
        {
            "to": [{"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "cache"}}}],
            "ports": [{"protocol": "TCP", "port": 6379}],
        },
        {
            "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "logs"}}}],
            "ports": [{"protocol": "UDP"}],
        },
        {
            "to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}],
            "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "UDP", "port": 5353}],
        },
    ]
    (job,) = engine.of_type("Job").values()
    of_job = policies["rickroller-before-rollout"]["spec"]
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert of_job["podSelector"]["matchLabels"].items() <= labels.items()
    assert of_job["ingress"] == []
    assert of_job["egress"] == policies["rickroller"]["spec"]["egress"]


def own_policies(engine: Engine) -> list[dict[str, Any]]:
    """Those in the application's namespace."""
    policies = engine.of_type("NetworkPolicy").values()
    return [each for each in policies if each["metadata"]["namespace"] == "test"]


def test_every_pod_has_one_policy() -> None:
    """Two would add up: what one of them allows is allowed."""
    engine, _ = declare_app(
        database={"backup": BACKUP},
        beforeRollout={"command": ["migrate"]},
    )
    selectors = [policy["spec"]["podSelector"]["matchLabels"] for policy in own_policies(engine)]
    cron_job = engine.of_type("CronJob")["rickroller-db"]["spec"]["jobTemplate"]
    (job,) = engine.of_type("Job").values()
    workloads = [job, cron_job, engine.of_type("StatefulSet")["rickroller-db"]]
    for workload in (*workloads, engine.of_type("Deployment")["rickroller"]):
        labels = workload["spec"]["template"]["metadata"]["labels"]
        assert sum(selector.items() <= labels.items() for selector in selectors) == 1


def test_without_its_network_policy_everybody_may_connect() -> None:
    engine, _ = declare_app(networkPolicy={"enabled": False})
    assert not own_policies(engine)
