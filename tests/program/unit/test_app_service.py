"""An application's Service, and what the cloud controller is told about its load balancer."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.exoscale.load_balancer import LOAD_BALANCER
from components.exoscale.placement import Placement
from components.web_app.context import Objects
from components.web_app.service.args import ServiceArgs
from components.web_app.service.service import create_service
from tests.program.unit.app import declare_app
from tests.program.unit.engine import run
from tests.program.unit.stack_settings import VALID, changed, load, mistakes

ID = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"
APP: dict[str, Any] = {"name": "web", "image": "example/web:1"}


def service(pool: str | None = None, **settings: Any) -> dict[str, Any]:
    """The inputs of the Service that these settings make."""
    wanted = ServiceArgs.model_validate(settings)

    def program() -> Any:
        app = Objects("web", "test", {"app": "web"}, pulumi.ResourceOptions())
        placement = Placement("ch-gva-2", pool, {}, []) if pool else None
        return create_service(app, 8080, wanted, placement).id

    engine, _ = run(program)
    return engine.of_type("Service")["web"]


def told(**load_balancer: Any) -> dict[str, str]:
    """The cloud controller's annotations, without their prefix."""
    declared = service(service="LoadBalancer", loadBalancer=load_balancer)
    annotations: dict[str, str] = declared["metadata"]["annotations"]
    assert all(key.startswith(LOAD_BALANCER) for key in annotations)
    return {key.removeprefix(LOAD_BALANCER): value for key, value in annotations.items()}


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_a_service_without_a_load_balancer_is_not_waited_for(kind: str) -> None:
    declared = service(service=kind)
    assert declared["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}
    assert declared["spec"] == {
        "type": kind,
        "selector": {"app": "web"},
        "ports": [{"port": 80, "targetPort": 8080}],
    }


def test_another_port_and_further_ones() -> None:
    ports: list[dict[str, Any]] = [
        {"name": "metrics", "port": 9090},
        {"name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP"},
    ]
    assert service(servicePort=6379)["spec"]["ports"] == [{"port": 6379, "targetPort": 8080}]
    assert service(ports=ports)["spec"]["ports"] == [
        {"name": "main", "port": 80, "targetPort": 8080},
        {"name": "metrics", "port": 9090, "targetPort": 9090, "protocol": "TCP"},
        {"name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP"},
    ]


def test_further_ports_are_the_containers_and_let_in_by_the_network_policy() -> None:
    engine, url = declare_app(
        servicePort=8000, ports=[{"name": "admin", "port": 81, "targetPort": 1023}]
    )
    pod = engine.of_type("Deployment")["rickroller"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["ports"] == [
        {"containerPort": 8080},
        {"name": "admin", "containerPort": 1023, "protocol": "TCP"},
    ]
    (sysctl,) = pod["securityContext"]["sysctls"]
    assert sysctl["value"] == "1023"
    (rule,) = engine.of_type("NetworkPolicy")["rickroller"]["spec"]["ingress"]
    assert rule["ports"] == [{"port": 8080}, {"port": 1023, "protocol": "TCP"}]
    (ingress,) = engine.of_type("Ingress").values()
    (path,) = ingress["spec"]["rules"][0]["http"]["paths"]
    assert path["backend"]["service"]["port"] == {"number": 8000}
    assert ":" not in url.removeprefix("http://")


def test_another_port_is_in_the_url_where_clients_use_it() -> None:
    assert declare_app(path=None, servicePort=6379)[1] == "http://rickroller.test.svc:6379/"
    balancer = declare_app(path=None, servicePort=6379, service="LoadBalancer")[1]
    assert balancer.endswith(":6379/")


@pytest.mark.parametrize(
    ("settings", "place", "message"),
    [
        ({"ports": [{"name": "main", "port": 1}]}, "ports[0].name", "must be another one"),
        ({"ports": [{"name": "a--b", "port": 1}]}, "ports[0].name", "must be a port's name"),
        ({"ports": [{"name": "1", "port": 1}]}, "ports[0].name", "must be a port's name"),
        ({"ports": [{"name": "a" * 16, "port": 1}]}, "ports[0].name", "must be a port's name"),
        ({"ports": [{"name": "a", "port": 80}]}, "ports[0].port", "must differ from servicePort"),
        (
            {"ports": [{"name": "a", "port": 1}, {"name": "a", "port": 2}]},
            "ports[1].name",
            "must differ from other ports'",
        ),
        ({"servicePort": 0}, "servicePort", "must be 1 or more"),
        ({"tolerations": [{"value": "x"}]}, "tolerations[0].value", "without key"),
        ({"tolerations": [{"seconds": 1}]}, "tolerations[0].seconds", "for NoExecute alone"),
        (
            {"probes": {"liveness": {"type": "tcp", "service": "x"}}},
            "probes.liveness.service",
            "the type is not grpc",
        ),
        (
            {"probes": {"liveness": {"type": "none", "port": 1}}},
            "probes.liveness.port",
            "must not be given for the type none",
        ),
    ],
)
def test_a_mistake_in_ports_tolerations_and_probes(
    settings: dict[str, Any], place: str, message: str
) -> None:
    (line,) = mistakes(changed("apps", [APP | settings]))
    assert line.startswith(f"apps[0].{place}: ")
    assert message in line


def test_one_number_of_two_protocols_is_two_ports() -> None:
    ports = [{"name": "dns", "port": 80, "protocol": "UDP"}]
    assert load(changed("apps", [APP | {"ports": ports}]))


def test_a_load_balancer_keeps_clients_addresses_and_asks_the_nodes() -> None:
    declared = service(service="LoadBalancer")
    assert declared["spec"]["externalTrafficPolicy"] == "Local"
    assert "loadBalancerSourceRanges" not in declared["spec"]
    assert told() == {"service-healthcheck-mode": "http", "service-healthcheck-uri": "/"}


def test_where_addresses_are_not_kept_the_check_is_a_connection() -> None:
    assert told(externalTrafficPolicy="Cluster") == {"service-healthcheck-mode": "tcp"}


def test_all_settings_of_a_load_balancer() -> None:
    assert told(
        name="web",
        description="The web",
        strategy="source-hash",
        externalTrafficPolicy="Cluster",
        healthCheck={
            "mode": "http",
            "uri": "/healthz",
            "port": 30080,
            "interval": "1m",
            "timeout": "5s",
            "retries": 2,
        },
    ) == {
        "name": "web",
        "description": "The web",
        "service-strategy": "source-hash",
        "service-healthcheck-mode": "http",
        "service-healthcheck-uri": "/healthz",
        "service-healthcheck-port": "30080",
        "service-healthcheck-interval": "1m",
        "service-healthcheck-timeout": "5s",
        "service-healthcheck-retries": "2",
    }


def test_an_existing_load_balancer_is_neither_made_nor_removed() -> None:
    annotations = told(existing=ID)
    assert (annotations["id"], annotations["external"]) == (ID, "true")


def test_the_nodes_behind_it_are_those_of_one_pool() -> None:
    annotations = service("pool-id", service="LoadBalancer")["metadata"]["annotations"]
    assert annotations[f"{LOAD_BALANCER}service-instancepool-id"] == "pool-id"


def test_source_networks() -> None:
    networks = ["192.0.2.0/24", "2001:db8::/32"]
    declared = service(service="LoadBalancer", loadBalancer={"sourceNetworks": networks})
    assert declared["spec"]["loadBalancerSourceRanges"] == networks


@pytest.mark.parametrize(
    ("balancer", "place", "message"),
    [
        ({"name": ""}, "name", "must not be empty"),
        ({"existing": "mine"}, "existing", "must be an ID"),
        ({"existing": ID, "name": "x"}, "name", "must not be given with existing"),
        ({"strategy": "random"}, "strategy", "must be one of 'round-robin' or 'source-hash'"),
        ({"externalTrafficPolicy": "local"}, "externalTrafficPolicy", "must be one of 'Local'"),
        ({"sourceNetworks": ["192.0.2.1/24"]}, "sourceNetworks[0]", "must be a network"),
        (
            {"sourceNetworks": ["192.0.2.0/24"], "externalTrafficPolicy": "Cluster"},
            "sourceNetworks",
            "which hides the clients' addresses",
        ),
        ({"healthCheck": {"mode": "https"}}, "healthCheck.mode", "must be one of 'tcp' or 'http'"),
        ({"healthCheck": {"mode": "tcp"}}, "healthCheck", "also one without a pod"),
        (
            {"healthCheck": {"mode": "tcp", "uri": "/", "port": 30080}},
            "healthCheck.uri",
            "asks for no",
        ),
        ({"healthCheck": {"uri": "healthz"}}, "healthCheck.uri", "must be a path"),
        ({"healthCheck": {"interval": "10"}}, "healthCheck.interval", "a duration with its unit"),
        ({"healthCheck": {"interval": "4s"}}, "healthCheck.interval", "must be from 5s to 300s"),
        ({"healthCheck": {"interval": "5500ms"}}, "healthCheck.interval", "in whole seconds"),
        ({"healthCheck": {"timeout": "11s"}}, "healthCheck.timeout", "longer than the interval"),
        ({"healthCheck": {"retries": 21}}, "healthCheck.retries", "must be 20 or less"),
        ({"healthCheck": {"port": 0}}, "healthCheck.port", "must be 1 or more"),
    ],
)
def test_a_mistake_names_its_place(balancer: dict[str, Any], place: str, message: str) -> None:
    app = APP | {"service": "LoadBalancer", "loadBalancer": balancer}
    (line,) = mistakes(changed("apps", [app]))
    assert line.startswith(f"apps[0].loadBalancer.{place}: ")
    assert message in line


def on_existing(name: str, identity: str = ID) -> dict[str, Any]:
    return APP | {"name": name, "service": "LoadBalancer", "loadBalancer": {"existing": identity}}


def test_two_services_on_one_load_balancer_have_different_ports() -> None:
    other = ID.replace("5", "6")
    values = changed("apps", [on_existing("a"), on_existing("b", other), on_existing("c")])
    assert mistakes(values) == [
        f'apps[2].loadBalancer.existing: "{ID}": must differ from apps[0].loadBalancer.existing,'
        " which also uses its port 80"
    ]
    values["apps"].pop()
    assert len(load(values).apps) == 2
    values["ingress"] = {"loadBalancer": {"existing": other}}
    (line,) = mistakes(values)
    assert line.startswith(f'apps[1].loadBalancer.existing: "{other}": must differ from ingress.')


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_another_service_has_no_load_balancer(kind: str) -> None:
    (line,) = mistakes(changed("apps", [APP | {"service": kind, "loadBalancer": {}}]))
    assert line == f"apps[0].loadBalancer: {{}}: must not be given with service {kind}"


def test_a_wrong_type_is_one_mistake() -> None:
    (line,) = mistakes(changed("apps", [APP | {"service": "External", "loadBalancer": {}}]))
    assert line.startswith("apps[0].service: ")


def test_the_default_is_a_service_inside_the_cluster() -> None:
    app = load(VALID).apps[0]
    assert (app.service, app.load_balancer) == ("ClusterIP", None)
