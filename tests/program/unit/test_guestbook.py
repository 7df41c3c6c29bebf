"""The guestbook of pulumi/examples: redis on its own port beside a web application."""

from __future__ import annotations

from typing import Any

from tests.program.manifests import GUESTBOOK, declared
from tests.program.unit.stack_settings import VALID, load


def objects(kind: str) -> dict[str, Any]:
    found = declared({"existingCluster": {"kubeconfig": "{}"}, "apps": GUESTBOOK})
    return {each["metadata"]["name"]: each["spec"] for each in found if each["kind"] == kind}


def test_its_settings_are_right() -> None:
    assert len(load(VALID | {"apps": GUESTBOOK}).apps) == 3


def test_each_part_is_reached_where_the_others_look_for_it() -> None:
    services = objects("Service")
    assert {name: spec["type"] for name, spec in services.items()} == {
        "redis-leader": "ClusterIP",
        "redis-replica": "ClusterIP",
        "frontend": "NodePort",
    }
    for name, port in (("redis-leader", 6379), ("redis-replica", 6379), ("frontend", 80)):
        assert services[name]["ports"] == [{"port": port, "targetPort": port}]
        (container,) = objects("Deployment")[name]["template"]["spec"]["containers"]
        assert container["ports"] == [{"containerPort": port}]
        (rule,) = objects("NetworkPolicy")[name]["ingress"]
        assert rule["ports"] == [{"port": port}]


def test_redis_is_asked_as_redis_and_let_in_are_those_who_use_it() -> None:
    (container,) = objects("Deployment")["redis-leader"]["template"]["spec"]["containers"]
    assert container["startupProbe"]["tcpSocket"] == {"port": 6379}
    assert container["readinessProbe"]["exec"] == {"command": ["redis-cli", "ping"]}
    (rule,) = objects("NetworkPolicy")["redis-leader"]["ingress"]
    peers = [each["podSelector"]["matchLabels"] for each in rule["from"]]
    assert peers == [{"app.kubernetes.io/instance": app} for app in ("frontend", "redis-replica")]
