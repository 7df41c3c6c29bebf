"""The ingress controller's chart, and what it is told."""

from __future__ import annotations

from typing import Any

import pytest

from components.exoscale.load_balancer import LOAD_BALANCER
from components.exoscale.placement import Placement
from components.ingress_controller.args import IngressControllerArgs
from components.ingress_controller.ingress_controller import IngressController
from stack.checks.whole_stack import warnings
from tests.program.unit.engine import Engine, run
from tests.program.unit.stack_settings import changed, load, mistakes

ID = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"
CLASS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "nginx"},
    "spec": {"controller": "k8s.io/ingress-nginx"},
}


def declare(pool: str | None = None, **settings: Any) -> Engine:
    """What the component declares."""
    ingress = IngressControllerArgs.model_validate(settings)
    placement = Placement("ch-gva-2", pool, {}, []) if pool else None
    engine, address = run(
        lambda: IngressController("ingress-nginx", ingress, placement=placement).address
    )
    assert address == "203.0.113.7"
    return engine


def release(pool: str | None = None, **settings: Any) -> dict[str, Any]:
    """The inputs of the Helm release."""
    return declare(pool, **settings).of_type("Release")["ingress-nginx"]


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


def test_objects_are_named_like_the_release() -> None:
    """Of a release whose name does not contain the chart's, the chart would add its own."""
    args = IngressControllerArgs(controller="nginx")
    engine, _ = run(lambda: IngressController("ingress-zurich", args).address)
    values = engine.of_type("Release")["ingress-zurich"]["values"]
    assert values["fullnameOverride"] == "ingress-zurich"
    assert "fullnameOverride" not in release()["values"]


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
    assert values["deployment"]["kind"] == "DaemonSet"


@pytest.mark.parametrize(
    ("check", "notice"),
    [({}, 23), ({"interval": "5s", "timeout": "2s"}, 12), ({"interval": "1m", "retries": 3}, 243)],
)
def test_a_pod_serves_until_the_load_balancer_has_noticed_that_it_goes(
    check: dict[str, Any], notice: int
) -> None:
    settings = {"loadBalancer": {"healthCheck": check}}
    deployment = traefik(**settings)["deployment"]
    assert deployment["lifecycle"] == {"preStop": {"sleep": {"seconds": notice}}}
    assert deployment["terminationGracePeriodSeconds"] == notice + 60
    controller = nginx(**settings)
    assert controller["extraArgs"] == {"shutdown-grace-period": str(notice)}
    assert controller["terminationGracePeriodSeconds"] == notice + 300


def test_traefik_gets_no_request_before_it_has_read_the_ingresses() -> None:
    """Its own check passes before."""
    assert traefik()["readinessProbe"]["initialDelaySeconds"] == 10


def test_one_late_answer_does_not_take_a_node_out() -> None:
    assert traefik()["readinessProbe"]["failureThreshold"] == 3


def test_traefik_takes_no_header_that_can_pass_for_one_of_its_own() -> None:
    strategy = {"http": {"underscoreHeadersStrategy": "delete"}}
    assert traefik()["ports"] == {"web": strategy, "websecure": strategy}


@pytest.mark.parametrize("controller", ["nginx", "traefik"])
def test_its_namespace_refuses_pods_above_the_strictest_level(controller: str) -> None:
    def enforced(**settings: Any) -> str:
        namespace = declare(controller=controller, **settings).of_type("Namespace")
        labels: dict[str, str] = namespace["ingress-nginx"]["metadata"]["labels"]
        return labels["pod-security.kubernetes.io/enforce"]

    assert enforced() == "restricted"
    assert enforced(podSecurity="privileged") == "privileged"


def policy(**settings: Any) -> dict[str, Any]:
    """The specification of the network policy."""
    spec: dict[str, Any] = declare(**settings).of_type("NetworkPolicy")["ingress-nginx"]["spec"]
    return spec


def test_all_pods_of_its_namespace_let_in_traffic_and_the_api_server_alone() -> None:
    spec = policy()
    assert spec["podSelector"] == {}
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    (rule,) = spec["ingress"]
    assert "from" not in rule
    ports = [port["port"] for port in rule["ports"]]
    assert ports == ["http", "https", "web", "websecure", "webhook"]


def test_metrics_are_for_pods_of_the_cluster() -> None:
    _, rule = policy(metrics=True)["ingress"]
    assert rule == {"from": [{"namespaceSelector": {}}], "ports": [{"port": "metrics"}]}


def test_a_change_of_the_controller_closes_no_port() -> None:
    assert policy(controller="nginx") == policy(controller="traefik")


def test_it_reaches_dns_the_internet_applications_and_any_api_server() -> None:
    dns, internet, pods, api_server = policy()["egress"]
    assert [port["port"] for port in dns["ports"]] == [53, 53]
    assert "10.0.0.0/8" in internet["to"][0]["ipBlock"]["except"]
    (peer,) = pods["to"]
    assert peer["namespaceSelector"]["matchExpressions"] == [
        {
            "key": "kubernetes.io/metadata.name",
            "operator": "NotIn",
            "values": ["kube-system"],
        }
    ]
    assert "ports" not in pods
    assert [peer["ipBlock"]["except"] for peer in api_server["to"]] == [
        ["169.254.0.0/16"],
        ["fe80::/10"],
    ]
    assert [port["port"] for port in api_server["ports"]] == [443, 6443]


def test_without_its_network_policy_everybody_may_connect() -> None:
    assert not declare(networkPolicy=False).of_type("NetworkPolicy")


def test_traefik_takes_no_weak_tls() -> None:
    values = traefik()
    assert values["core"] == {"strictTLSOptions": True}
    assert values["providers"]["file"]["enabled"] is True
    options = values["providers"]["file"]["content"]["tls"]["options"]["default"]
    assert options["minVersion"] == "VersionTLS12"
    for suite in options["cipherSuites"]:
        assert suite.startswith("TLS_ECDHE_")
        assert "_GCM_" in suite or "_POLY1305_" in suite
    with_certificate = traefik(defaultCertificate="wildcard")["providers"]["file"]["content"]
    assert with_certificate["tls"]["options"] == {"default": options}


def test_replicas() -> None:
    controller = nginx(replicas=3)
    assert (controller["kind"], controller["replicaCount"]) == ("Deployment", 3)
    assert controller["topologySpreadConstraints"][0]["topologyKey"] == "kubernetes.io/hostname"
    assert controller["maxUnavailable"] == 1
    values = traefik(replicas=3)
    assert values["deployment"]["kind"] == "Deployment"
    assert values["deployment"]["replicas"] == 3
    assert values["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    assert "podDisruptionBudget" not in traefik(replicas=1)


@pytest.mark.parametrize(
    ("settings", "nodes", "seconds"),
    [
        ({}, 1, 623),
        ({}, 2, 946),
        ({}, 3, 1592),
        ({}, 4, 1592),
        ({}, None, 2884),
        ({"replicas": 2}, 30, 946),
        ({"controller": "traefik"}, 2, 466),
        ({"timeoutSeconds": 120}, 2, 120),
    ],
)
def test_there_is_time_to_replace_the_pods_one_after_the_other(
    settings: dict[str, Any], nodes: int | None, seconds: int
) -> None:
    ingress = IngressControllerArgs.model_validate(settings)
    engine, _ = run(lambda: IngressController("ingress-nginx", ingress, nodes=nodes).address)
    found = engine.of_type("Release")["ingress-nginx"]
    assert (found["atomic"], found["timeout"]) == (True, seconds)


def test_metrics_resources_and_webhook_are_the_charts_unless_given() -> None:
    assert not nginx().keys() & {"metrics", "resources", "admissionWebhooks"}
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
    assert arguments["default-ssl-certificate"] == "ingress-nginx/wildcard"
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


SERVED = changed("apps[0].path", "/web")
"""An application that needs a controller, which nothing chooses."""


def test_a_default_controller_is_warned_of_with_what_is_open_in_it() -> None:
    (warning,) = warnings(load(SERVED))
    assert warning.startswith("ingress.controller: ingress-nginx has had no fixes since March 2026")
    assert "CVE-2026-42945" in warning
    for controller in ("nginx", "traefik"):
        chosen = SERVED | {"ingress": {"controller": controller}}
        assert not list(warnings(load(chosen)))


def test_production_asks_for_a_controller_in_words() -> None:
    resources = {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
    image = "example/web:1@sha256:" + "0a" * 32
    app = {"name": "web", "image": image, "replicas": 2, "resources": resources}
    strict = SERVED | {"production": True}
    for ingress in ({}, {"ingress": {"replicas": 2}}):
        (line,) = mistakes(strict | {"apps": [app | {"path": "/web"}]} | ingress)
        assert line.startswith("ingress.controller: ")
        assert "must be given in production: traefik, or nginx" in line
    load(strict | {"apps": [app | {"path": "/web"}], "ingress": {"controller": "nginx"}})
    load(strict | {"apps": [app]})


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
        ({"controller": "traefik", "version": "41.2.9"}, "version", "must be 41.3.0 or later"),
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
