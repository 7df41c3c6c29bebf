"""A Service's ports and annotations, as the NLB they ask for."""

from typing import Any

import pytest

from sandbox.sks.load_balancer_spec import PREFIX, is_external, load_balancer_spec
from sandbox.sks.spec import CloudError

HTTP = {"name": "http", "port": 80, "nodePort": 30080, "protocol": "TCP"}
HTTPS = {"name": "https", "port": 443, "nodePort": 30443, "protocol": "TCP"}


def service(*ports: dict[str, Any], **annotations: str) -> dict[str, Any]:
    names = {PREFIX + key.replace("_", "-"): value for key, value in annotations.items()}
    return {
        "metadata": {"uid": "u-1", "name": "web", "namespace": "test", "annotations": names},
        "spec": {"type": "LoadBalancer", "ports": list(ports)},
    }


def test_defaults() -> None:
    spec = load_balancer_spec(service(HTTP, HTTPS, service_instancepool_id="p-1"))

    assert (spec.name, spec.description) == ("k8s-u-1", "")
    assert spec.services[0] == {
        "name": "u-1-80",
        "description": "",
        "port": 80,
        "target-port": 30080,
        "protocol": "tcp",
        "strategy": "round-robin",
        "healthcheck": {"mode": "tcp", "interval": 10, "timeout": 5, "retries": 1, "port": 30080},
        "instance-pool": {"id": "p-1"},
    }
    assert [item["name"] for item in spec.services] == ["u-1-80", "u-1-443"]


def test_exoscales_own_values_for_ingress_nginx() -> None:
    asked = service(
        HTTP,
        service_strategy="source-hash",
        service_healthcheck_mode="http",
        service_healthcheck_uri="/",
        service_healthcheck_interval="10s",
        service_healthcheck_timeout="3s",
        service_healthcheck_retries="2",
    )
    asked["spec"] |= {"externalTrafficPolicy": "Local", "healthCheckNodePort": 32000}
    item = load_balancer_spec(asked).services[0]

    assert item["strategy"] == "source-hash"
    assert item["healthcheck"] == {
        "mode": "http",
        "uri": "/",
        "interval": 10,
        "timeout": 3,
        "retries": 2,
        "port": 32000,
    }


def test_a_health_check_port_wins_over_the_traffic_policys() -> None:
    asked = service(HTTP, service_healthcheck_port="31000")
    asked["spec"] |= {"externalTrafficPolicy": "Local", "healthCheckNodePort": 32000}
    assert load_balancer_spec(asked).services[0]["healthcheck"]["port"] == 31000


def test_service_name_and_description_count_for_a_single_port_only() -> None:
    annotated = {"service_name": "mine", "service_description": "text"}
    single = load_balancer_spec(service(HTTP, **annotated)).services
    several = load_balancer_spec(service(HTTP, HTTPS, **annotated)).services

    assert (single[0]["name"], single[0]["description"]) == ("mine", "text")
    assert [(item["name"], item["description"]) for item in several] == [
        ("u-1-80", ""),
        ("u-1-443", ""),
    ]


def test_udp_is_part_of_the_name() -> None:
    udp = {"port": 53, "nodePort": 30053, "protocol": "UDP"}
    item = load_balancer_spec(service(udp)).services[0]
    assert (item["name"], item["protocol"]) == ("u-1-53-udp", "udp")


@pytest.mark.parametrize(
    ("text", "seconds"), [("1m30s", 90), ("1.5m", 90), ("0", 0), ("1500ms", 1), (".5h", 1800)]
)
def test_durations_are_gos(text: str, seconds: int) -> None:
    asked = service(HTTP, service_healthcheck_interval=text)
    assert load_balancer_spec(asked).services[0]["healthcheck"]["interval"] == seconds


@pytest.mark.parametrize(
    ("annotation", "value", "words"),
    [
        ("service_healthcheck_interval", "10", 'time: missing unit in duration "10"'),
        ("service_healthcheck_timeout", "5 s", 'time: invalid duration "5 s"'),
        ("service_healthcheck_retries", "two", 'strconv.Atoi: parsing "two": invalid syntax'),
        ("service_healthcheck_port", "x", "invalid healthcheck port annotation"),
    ],
)
def test_annotations_that_cannot_be_read(annotation: str, value: str, words: str) -> None:
    with pytest.raises(CloudError, match=words):
        load_balancer_spec(service(HTTP, **{annotation: value}))


def test_other_protocols_are_refused() -> None:
    with pytest.raises(CloudError, match="only TCP and UDP are supported"):
        load_balancer_spec(service({"port": 1, "nodePort": 30001, "protocol": "SCTP"}))


@pytest.mark.parametrize(("value", "external"), [("true", True), ("True", True), ("no", False)])
def test_external(value: str, external: bool) -> None:
    assert is_external(service(HTTP, external=value)) is external
