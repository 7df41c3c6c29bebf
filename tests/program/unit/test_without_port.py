"""An application without a port: what the program declares, and what is wrong with its settings."""

from __future__ import annotations

from typing import Any

import pytest

from stack.args import StackArgs
from tests.program.unit.app import declare_app
from tests.program.unit.stack_settings import APP, VALID, changed, load, mistakes

NAME = "rickroller"
DIGEST = "@sha256:" + "0a" * 32
FULL = {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"memory": "1Mi"}}


def with_app(**settings: Any) -> dict[str, Any]:
    """A stack with one application."""
    return changed("apps", [APP | settings])


@pytest.mark.parametrize("probes", [{}, {"liveness": {"type": "none"}}])
def test_an_application_without_a_port_has_pods_alone(probes: dict[str, Any]) -> None:
    engine, url = declare_app(port="none", path=..., probes=probes)
    assert url == ""
    assert NAME not in engine.of_type("Service")
    assert not engine.of_type("Ingress")
    (container,) = engine.of_type("Deployment")[NAME]["spec"]["template"]["spec"]["containers"]
    needless = {"ports", "startupProbe", "readinessProbe", "livenessProbe", "lifecycle"}
    assert not needless & container.keys()
    assert engine.of_type("NetworkPolicy")[NAME]["spec"]["ingress"] == []


def test_it_may_have_probes_that_run_a_command() -> None:
    probe = {"type": "exec", "command": ["alive"]}
    engine, _ = declare_app(port="none", path=..., probes={"readiness": probe})
    (container,) = engine.of_type("Deployment")[NAME]["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"]["exec"] == {"command": ["alive"]}
    assert not {"startupProbe", "livenessProbe"} & container.keys()


def test_it_needs_no_ingress_controller() -> None:
    app = {"name": "shop", "image": "example/shop:1", "port": "none"}
    values = {"existingCluster": {"kubeconfig": "{}"}, "apps": [app]}
    assert StackArgs.model_validate(values).controller is None


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"host": "www.example.com"}, "host"),
        ({"path": "/web"}, "path"),
        ({"service": "ClusterIP"}, "service"),
        ({"servicePort": 80}, "servicePort"),
        ({"ports": [{"name": "metrics", "port": 9090}]}, "ports"),
        ({"networkPolicy": {"from": [{"app": "api"}]}}, "networkPolicy.from"),
        ({"probes": {"readiness": {"type": "http"}}}, "probes.readiness.type"),
        ({"probes": {"host": "www.example.com"}}, "probes.host"),
    ],
)
def test_what_needs_a_port(settings: dict[str, Any], key: str) -> None:
    (line,) = mistakes(with_app(port="none", **settings))
    assert line.startswith(f"apps[0].{key}: ")


def test_a_load_balancer_needs_a_port() -> None:
    lines = mistakes(with_app(port="none", service="LoadBalancer", loadBalancer={}))
    assert [line.partition(":")[0] for line in lines] == ["apps[0].service", "apps[0].loadBalancer"]


def test_production_takes_one_pod_without_a_port_and_without_probes() -> None:
    app = APP | {"image": f"example/web:1{DIGEST}", "port": "none", "resources": FULL}
    assert load(VALID | {"production": True, "apps": [app]}).apps[0].first_replicas == 1
