"""The ingress controller's chart, and what it is told."""

from __future__ import annotations

from typing import Any

import pytest

from components.ingress_controller import IngressController
from components.kubernetes.load_balancer import LOAD_BALANCER
from settings.ingress import IngressSettings
from tests.unit.engine import run
from tests.unit.stack_settings import changed, mistakes

ID = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"
CLASS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "nginx"},
    "spec": {"controller": "k8s.io/ingress-nginx"},
}


def release(pool: str | None = None, **settings: Any) -> dict[str, Any]:
    """The inputs of the Helm release."""
    ingress = IngressSettings.model_validate(settings)
    engine, address = run(
        lambda: IngressController("ingress-nginx", ingress, instance_pool_id=pool).address
    )
    assert address == "203.0.113.7"
    return engine.of_type("Release")["ingress-nginx"]


def nginx(**settings: Any) -> dict[str, Any]:
    """The values below `controller` of ingress-nginx's chart."""
    values: dict[str, Any] = release(**settings)["values"]["controller"]
    return values


def traefik(**settings: Any) -> dict[str, Any]:
    """The values of Traefik's chart."""
    values: dict[str, Any] = release(controller="traefik", **settings)["values"]
    return values


def test_the_chart_is_pinned() -> None:
    found = release()
    assert (found["chart"], found["version"]) == ("ingress-nginx", "4.15.1")
    assert found["repositoryOpts"] == {"repo": "https://kubernetes.github.io/ingress-nginx"}
    found = release(controller="traefik")
    assert (found["chart"], found["version"]) == ("traefik", "41.3.0")
    assert found["repositoryOpts"] == {"repo": "https://traefik.github.io/charts"}


def test_a_chart_by_path_has_no_repository() -> None:
    assert "repositoryOpts" not in release(chart="./chart")


@pytest.mark.parametrize("controller", ["nginx", "traefik"])
def test_the_release_and_its_namespace_are_the_same_for_both(controller: str) -> None:
    found = release(controller=controller)
    assert (found["name"], found["namespace"]) == ("ingress-nginx", "ingress-nginx")


def test_one_on_every_node_with_clients_addresses_kept_as_exoscale_recommends() -> None:
    service = nginx()["service"]
    assert nginx()["kind"] == "DaemonSet"
    assert service["externalTrafficPolicy"] == "Local"
    assert service["annotations"] == {
        f"{LOAD_BALANCER}{key}": value
        for key, value in {
            "service-strategy": "source-hash",
            "service-healthcheck-mode": "http",
            "service-healthcheck-uri": "/",
            "service-healthcheck-interval": "10s",
            "service-healthcheck-timeout": "3s",
            "service-healthcheck-retries": "1",
        }.items()
    }


def test_traefik_takes_the_service_and_the_class_of_the_former_controller() -> None:
    values = traefik()
    assert values["service"]["nameOverride"] == "ingress-nginx-controller"
    assert values["service"]["annotations"] == nginx()["service"]["annotations"]
    assert values["service"]["spec"] == {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    assert values["ingressClass"] == {"enabled": False}
    assert values["extraObjects"] == [CLASS]
    assert values["providers"]["kubernetesIngressNGINX"] == {
        "enabled": True,
        "ingressClass": "nginx",
        "proxyRequestBuffering": True,
        "publishService": {
            "enabled": True,
            "pathOverride": "ingress-nginx/ingress-nginx-controller",
        },
    }
    assert values["deployment"] == {"kind": "DaemonSet"}


def test_replicas() -> None:
    controller = nginx(replicas=3)
    assert (controller["kind"], controller["replicaCount"]) == ("Deployment", 3)
    assert controller["topologySpreadConstraints"][0]["topologyKey"] == "kubernetes.io/hostname"
    values = traefik(replicas=3)
    assert values["deployment"] == {"kind": "Deployment", "replicas": 3}
    assert values["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    assert "podDisruptionBudget" not in traefik(replicas=1)


def test_metrics_resources_and_webhook_are_the_charts_unless_given() -> None:
    assert not nginx().keys() & {"metrics", "resources", "admissionWebhooks", "extraArgs"}
    resources = {"requests": {"cpu": "200m"}, "limits": {"memory": "256Mi"}}
    controller = nginx(metrics=True, resources=resources, admissionWebhook=False)
    assert controller["metrics"] == {"enabled": True}
    assert controller["resources"] == resources
    assert controller["admissionWebhooks"] == {"enabled": False}
    values = traefik(metrics=True, resources=resources)
    assert values["metrics"] == {"prometheus": {"service": {"enabled": True}}}
    assert values["resources"] == resources


def test_the_default_certificate_may_come_later_than_the_controller() -> None:
    arguments = nginx(defaultCertificate="wildcard")["extraArgs"]
    assert arguments == {"default-ssl-certificate": "ingress-nginx/wildcard"}
    values = traefik(defaultCertificate="wildcard")
    (volume,) = values["deployment"]["additionalVolumes"]
    assert volume["secret"] == {"secretName": "wildcard", "optional": True}
    (mount,) = values["additionalVolumeMounts"]
    store = values["providers"]["file"]["content"]["tls"]["stores"]["default"]
    assert store["defaultCertificate"]["certFile"] == f"{mount['mountPath']}/tls.crt"


@pytest.mark.parametrize("controller", ["nginx", "traefik"])
def test_the_load_balancers_settings(controller: str) -> None:
    balancer = {"existing": ID, "strategy": "round-robin", "externalTrafficPolicy": "Cluster"}
    values = release("pool-id", controller=controller, loadBalancer=balancer)["values"]
    service = (values if controller == "traefik" else values["controller"])["service"]
    annotations = service["annotations"]
    assert annotations[f"{LOAD_BALANCER}id"] == ID
    assert annotations[f"{LOAD_BALANCER}external"] == "true"
    assert annotations[f"{LOAD_BALANCER}service-strategy"] == "round-robin"
    assert annotations[f"{LOAD_BALANCER}service-instancepool-id"] == "pool-id"
    assert annotations[f"{LOAD_BALANCER}service-healthcheck-mode"] == "tcp"
    assert f"{LOAD_BALANCER}service-healthcheck-uri" not in annotations


def test_free_values_on_top() -> None:
    controller = nginx(values={"controller": {"minReadySeconds": 5, "service": {"labels": {}}}})
    assert (controller["kind"], controller["minReadySeconds"]) == ("DaemonSet", 5)
    assert controller["service"]["externalTrafficPolicy"] == "Local"


@pytest.mark.parametrize(
    ("settings", "place", "message"),
    [
        ({"controller": "haproxy"}, "controller", "must be one of 'nginx' or 'traefik'"),
        ({"replicas": 0}, "replicas", "must be 1 or more"),
        ({"metrics": "yes"}, "metrics", "must be true or false"),
        ({"defaultCertificate": "a/b"}, "defaultCertificate", "must be an object's name"),
        ({"loadBalancer": {"existing": "x"}}, "loadBalancer.existing", "must be an ID"),
        ({"version": "latest"}, "version", "must be a chart version in full"),
        ({"repository": "example"}, "repository", "must be an address"),
        (
            {"controller": "traefik", "admissionWebhook": False},
            "admissionWebhook",
            "must not be given with controller traefik",
        ),
        ({"controller": "traefik", "version": "39.0.9"}, "version", "must be 40.0.0 or later"),
        (
            {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}},
            "resources.limits",
            "must not be below requests",
        ),
    ],
)
def test_a_mistake_names_its_place(settings: dict[str, Any], place: str, message: str) -> None:
    (line,) = mistakes(changed("ingress", settings))
    assert line.startswith(f"ingress.{place}: ")
    assert message in line
