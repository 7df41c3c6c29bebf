"""What each component declares, with the engine mocked."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.ingress_nginx import IngressNginx, IngressNginxArgs
from components.web_app import WebApp, WebAppArgs
from settings.app import AppSettings
from settings.ingress import IngressSettings
from tests.unit.engine import Engine, run


def ingress_args(**changes: Any) -> IngressNginxArgs:
    return IngressSettings.model_validate(changes).args


def app_args(**changes: Any) -> WebAppArgs:
    keys = {
        "name": "rickroller",
        "namespace": "test",
        "image": "derlin/rickroller:latest",
        "replicas": 3,
        "environment": {"BEHIND_PROXY": True},
        "generatedSecrets": ["APP_SECRET_KEY"],
        "path": "/rickroller",
    }
    return AppSettings.model_validate(keys | changes).args


def declare_app(**changes: Any) -> tuple[Engine, str]:
    def program() -> pulumi.Output[str]:
        opts = pulumi.ResourceOptions()
        ingress = IngressNginx("ingress-nginx", ingress_args(), opts=opts)
        return WebApp("rickroller", app_args(**changes), ingress, opts=opts).url

    return run(program)


def test_the_controller_is_the_pinned_chart_with_clients_addresses_kept() -> None:
    engine, address = run(
        lambda: (
            IngressNginx(
                "ingress-nginx",
                ingress_args(values={"controller": {"kind": "Deployment", "replicaCount": 2}}),
                opts=pulumi.ResourceOptions(),
            ).address
        )
    )
    release = engine.of_type("Release")["ingress-nginx"]
    controller = release["values"]["controller"]
    assert (release["chart"], release["version"]) == ("ingress-nginx", "4.15.1")
    assert release["repositoryOpts"] == {"repo": "https://kubernetes.github.io/ingress-nginx"}
    assert (controller["kind"], controller["replicaCount"]) == ("Deployment", 2)
    assert controller["service"]["externalTrafficPolicy"] == "Local"
    assert address == "203.0.113.7"


def test_a_chart_by_path_has_no_repository() -> None:
    engine, _ = run(
        lambda: (
            IngressNginx(
                "ingress-nginx", ingress_args(chart="./chart"), opts=pulumi.ResourceOptions()
            ).address
        )
    )
    assert "repositoryOpts" not in engine.of_type("Release")["ingress-nginx"]


def test_several_nodepools_need_the_instance_pool_of_the_load_balancer() -> None:
    args = ingress_args()
    args["instance_pool_id"] = "pool-id"
    engine, _ = run(
        lambda: IngressNginx("ingress-nginx", args, opts=pulumi.ResourceOptions()).address
    )
    service = engine.of_type("Release")["ingress-nginx"]["values"]["controller"]["service"]
    key = "service.beta.kubernetes.io/exoscale-loadbalancer-service-instancepool-id"
    assert service["annotations"][key] == "pool-id"


def test_the_deployment_is_the_tutorials() -> None:
    engine, _ = declare_app()
    deployment = engine.of_type("Deployment")["rickroller"]
    assert deployment["metadata"] == {"name": "rickroller", "namespace": "test"}
    assert deployment["spec"] == {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "rickroller"}},
        "template": {
            "metadata": {"labels": {"app": "rickroller"}},
            "spec": {
                "containers": [
                    {
                        "name": "rickroller",
                        "image": "derlin/rickroller:latest",
                        "ports": [{"containerPort": 8080}],
                        "env": [
                            {
                                "name": "APP_SECRET_KEY",
                                "valueFrom": {
                                    "secretKeyRef": {
                                        "name": "rickroller-app-secret-key",
                                        "key": "APP_SECRET_KEY",
                                    }
                                },
                            },
                            {"name": "BEHIND_PROXY", "value": "true"},
                        ],
                    }
                ]
            },
        },
    }


def test_the_ingress_rewrites_with_a_path_type_that_the_controller_accepts() -> None:
    engine, url = declare_app()
    ingress = engine.of_type("Ingress")["rickroller"]
    path = ingress["spec"]["rules"][0]["http"]["paths"][0]
    annotations = ingress["metadata"]["annotations"]
    prefix = "nginx.ingress.kubernetes.io/"
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert (path["path"], path["pathType"]) == ("/rickroller(/|$)(.*)", "ImplementationSpecific")
    assert path["backend"] == {"service": {"name": "rickroller", "port": {"number": 80}}}
    assert annotations[f"{prefix}use-regex"] == "true"
    assert annotations[f"{prefix}rewrite-target"] == "/$2"
    assert annotations[f"{prefix}x-forwarded-prefix"] == "/rickroller"
    assert url == "http://203.0.113.7/rickroller/"


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({"service": "LoadBalancer"}, "http://203.0.113.7/"),
        ({"service": "NodePort"}, "http://203.0.113.7/rickroller/"),
        ({"path": None}, "http://rickroller.test.svc/"),
    ],
)
def test_the_service_and_the_url_follow_the_settings(changes: dict[str, Any], url: str) -> None:
    engine, found = declare_app(**changes)
    service = engine.of_type("Service")["rickroller"]
    assert service["spec"] == {
        "type": changes.get("service", "ClusterIP"),
        "selector": {"app": "rickroller"},
        "ports": [{"port": 80, "targetPort": 8080}],
    }
    assert found == url
    assert ("rickroller" in engine.of_type("Ingress")) == (changes.get("path", "/") is not None)


def test_each_run_draws_another_value_for_a_generated_secret() -> None:
    def drawn() -> str:
        secret = declare_app()[0].of_type("Secret")["rickroller-app-secret-key"]
        assert pulumi.runtime.rpc.is_rpc_secret(secret["data"])
        return str(pulumi.runtime.rpc.unwrap_rpc_secret(secret["data"])["APP_SECRET_KEY"])

    first, second = drawn(), drawn()
    assert first != second
    assert min(len(first), len(second)) >= 40
