"""How applications are reached: one controller for several, another in its place, load balancers.

All on one stack, in the order of the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import yaml

from sandbox.paths import write_private
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import CLUSTER, NODEPOOL, Stack, Step, copy_project

pytestmark = [pytest.mark.integration, pytest.mark.slow]

NGINX = "nginx.ingress.kubernetes.io/"
BALANCER = "service.beta.kubernetes.io/exoscale-loadbalancer-"
CONTROLLER = ("ingress-nginx-controller", "ingress-nginx")
RELEASE = "kubernetes:helm.sh/v3:Release"
SERVICE = "kubernetes:core/v1:Service"
CHARTS = {name: f"./sandbox/charts/{name}" for name in ("ingress-nginx", "traefik")}
IMAGE = {"image": "example/web:1"}
SHOP: dict[str, Any] = {"name": "shop", "path": "/shop", **IMAGE}
BLOG: dict[str, Any] = {
    "name": "blog",
    "host": "blog.example.com",
    "ingress": {
        "tls": {"clusterIssuer": "acme"},
        "bodySize": "20m",
        "timeouts": {"read": "2m"},
        "allowList": ["192.0.2.0/24"],
        "annotations": {f"{NGINX}enable-cors": True},
    },
    **IMAGE,
}
API: dict[str, Any] = {
    "name": "api",
    "ingress": {"regex": "/v[0-9]+/(.*)", "rewriteTarget": "/$1"},
    **IMAGE,
}
DNS = {"name": "dns", "port": 53, "protocol": "UDP"}
APPS = [SHOP, BLOG, API]


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with three applications behind ingress-nginx."""
    before = sandbox.holds()
    stack = Stack("reach", copy_project(tmp_path_factory.mktemp("reach")), sandbox.environment)
    stack.configure(
        {
            "cluster": CLUSTER,
            "ingress": {"controller": "nginx", "chart": CHARTS["ingress-nginx"]},
            "apps": APPS,
        }
    )
    stack("stack", "init")
    stack.up()
    yield stack
    stack("destroy", "--yes", "--skip-preview")
    assert sandbox.holds() == before


@pytest.fixture(scope="module")
def kube(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Kube:
    file = tmp_path_factory.mktemp("reach") / "kubeconfig"
    write_private(file, stack.outputs(secrets=True)["kubeconfig"])
    return Kube(file, stack.environment)


def balancers(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """The account's load balancers by their addresses."""
    client = sandbox.client
    return {
        found["ip"]: client.get_load_balancer(id=found["id"])
        for found in client.list_load_balancers()["load-balancers"]
    }


def address(service: dict[str, Any]) -> str:
    (entry,) = service["status"]["loadBalancer"]["ingress"]
    return str(entry["ip"])


def uid(found: dict[str, Any]) -> str:
    return str(found["metadata"]["uid"])


def ingress(kube: Kube, app: str) -> dict[str, Any]:
    """The Ingress of an application that has its namespace for itself."""
    (found,) = kube.list("ingresses", app)
    return found


def identities(kube: Kube) -> dict[str, str]:
    """What must stay what it is when another controller takes over."""
    ingresses = {name: uid(ingress(kube, name)) for name in ("shop", "blog", "api")}
    return ingresses | {
        "service": uid(kube.get("service", *CONTROLLER)),
        "class": uid(kube.get("ingressclass", "nginx")),
    }


def test_three_applications_behind_one_load_balancer(
    stack: Stack, kube: Kube, sandbox: Sandbox
) -> None:
    service = kube.get("service", *CONTROLLER)
    assert service["spec"]["externalTrafficPolicy"] == "Local"
    (balancer,) = balancers(sandbox).values()
    assert balancer["ip"] == address(service)
    check = balancer["services"][0]["healthcheck"]
    assert (check["mode"], check["uri"]) == ("http", "/")
    assert check["port"] == service["spec"]["healthCheckNodePort"]
    outputs = stack.outputs()
    assert [outputs[f"{app['name']}_url"] for app in APPS] == [
        f"http://{balancer['ip']}/shop/",
        "https://blog.example.com/",
        f"http://{balancer['ip']}/",
    ]
    stack("preview", "--refresh", "--expect-no-changes")


def test_the_ingresses_are_what_the_settings_say(kube: Kube) -> None:
    def rule(app: str) -> tuple[str | None, str, str]:
        (rule,) = ingress(kube, app)["spec"]["rules"]
        (path,) = rule["http"]["paths"]
        assert path["backend"]["service"] == {"name": app, "port": {"number": 80}}
        return rule.get("host"), path["path"], path["pathType"]

    assert rule("shop") == (None, "/shop(/|$)(.*)", "ImplementationSpecific")
    assert rule("blog") == ("blog.example.com", "/", "Prefix")
    assert rule("api") == (None, "/v[0-9]+/(.*)", "ImplementationSpecific")
    blog = ingress(kube, "blog")
    assert blog["spec"]["ingressClassName"] == "nginx"
    secret = f"{blog['metadata']['name']}-tls"
    assert blog["spec"]["tls"] == [{"hosts": ["blog.example.com"], "secretName": secret}]
    annotations = blog["metadata"]["annotations"]
    assert annotations.pop("pulumi.com/skipAwait") == "true"
    assert annotations == {
        "cert-manager.io/cluster-issuer": "acme",
        f"{NGINX}allowlist-source-range": "192.0.2.0/24",
        f"{NGINX}enable-cors": "true",
        f"{NGINX}proxy-body-size": "20m",
        f"{NGINX}proxy-read-timeout": "120",
    }
    api = ingress(kube, "api")["metadata"]["annotations"]
    assert api[f"{NGINX}rewrite-target"] == "/$1"


def test_another_controller_takes_the_place_and_keeps_the_address(
    stack: Stack, kube: Kube, sandbox: Sandbox
) -> None:
    before, ips = identities(kube), set(balancers(sandbox))
    stack.set("ingress.controller", "traefik")
    stack.set("ingress.chart", CHARTS["traefik"])
    (step,) = stack.preview()
    assert (step.operation, step.kind, step.name) == ("update", RELEASE, "ingress-nginx")
    assert {"chart", "version"} <= step.changed.keys()

    stack.up()
    assert identities(kube) == before
    assert set(balancers(sandbox)) == ips == {address(kube.get("service", *CONTROLLER))}
    assert kube.names("daemonsets", "ingress-nginx") == {"ingress-nginx-traefik"}
    controller = kube.get("daemonset", "ingress-nginx-traefik", "ingress-nginx")
    assert controller["status"]["numberReady"] == 2
    service = kube.get("service", *CONTROLLER)
    labels = controller["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    ports = {p["name"] for p in controller["spec"]["template"]["spec"]["containers"][0]["ports"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    (arguments,) = (c["args"] for c in controller["spec"]["template"]["spec"]["containers"])
    assert "--providers.kubernetesingressnginx" in arguments
    assert "--providers.kubernetesingressnginx.proxyRequestBuffering=true" in arguments
    stack("preview", "--refresh", "--expect-no-changes")


def configure_controller(stack: Stack, **settings: Any) -> None:
    """Change the controller's settings, and no others."""
    values = yaml.safe_load(stack.file.read_text())["config"]
    values["webapp:ingress"] = settings
    stack.configure({key.removeprefix("webapp:"): value for key, value in values.items()})


def test_replicas_metrics_resources_and_certificate_of_both_controllers(
    stack: Stack, kube: Kube
) -> None:
    resources = {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}}
    how = {
        "replicas": 2,
        "metrics": True,
        "resources": resources,
        "defaultCertificate": "wildcard",
    }
    before = identities(kube)
    for controller, chart, name, metrics in (
        ("traefik", "traefik", "ingress-nginx-traefik", "ingress-nginx-traefik-metrics"),
        ("nginx", "ingress-nginx", CONTROLLER[0], f"{CONTROLLER[0]}-metrics"),
    ):
        configure_controller(stack, controller=controller, chart=CHARTS[chart], **how)
        stack.up()
        deployment = kube.get("deployment", name, "ingress-nginx")
        pod = deployment["spec"]["template"]["spec"]
        assert deployment["status"]["readyReplicas"] == 2
        assert pod["topologySpreadConstraints"][0]["topologyKey"] == "kubernetes.io/hostname"
        assert pod["containers"][0]["resources"] == resources
        assert kube.names("daemonsets", "ingress-nginx") == set()
        (budget,) = kube.list("poddisruptionbudgets", "ingress-nginx")
        assert (budget["metadata"]["name"], budget["spec"]["maxUnavailable"]) == (name, 1)
        services = kube.names("services", "ingress-nginx") - {f"{CONTROLLER[0]}-admission"}
        assert services == {CONTROLLER[0], metrics}
        stack("preview", "--expect-no-changes")
        if controller == "traefik":
            assert "default-certificate" in {volume["name"] for volume in pod["volumes"]}
        else:
            certificate = "--default-ssl-certificate=ingress-nginx/wildcard"
            assert certificate in pod["containers"][0]["args"]
    assert identities(kube) == before


def test_an_own_load_balancer_and_then_an_existing_one(
    stack: Stack, kube: Kube, sandbox: Sandbox
) -> None:
    client = sandbox.client
    made = client.create_load_balancer(name="kept", description="made by hand")
    identity = client.wait(made["id"], max_wait_time=60)["reference"]["id"]
    kept = client.get_load_balancer(id=identity)
    try:
        before = uid(kube.get("service", "shop", "shop"))
        others = set(balancers(sandbox))
        stack.set("apps[0].service", "LoadBalancer")
        stack.set("apps[0].loadBalancer.name", "shop")
        stack.set("apps[0].loadBalancer.strategy", "source-hash")
        stack.set("apps[0].loadBalancer.healthCheck.interval", "30s")
        stack.set("apps[0].loadBalancer.sourceNetworks[0]", "192.0.2.0/24")
        stack.up()
        service = kube.get("service", "shop", "shop")
        assert uid(service) == before
        assert service["spec"]["loadBalancerSourceRanges"] == ["192.0.2.0/24"]
        (policy,) = kube.list("networkpolicies", "shop")
        assert {"ipBlock": {"cidr": "192.0.2.0/24"}} in policy["spec"]["ingress"][0]["from"]
        own = balancers(sandbox)[address(service)]
        (balanced,) = own["services"]
        assert (own["name"], balanced["strategy"]) == ("shop", "source-hash")
        assert balanced["healthcheck"]["interval"] == 30
        assert balanced["healthcheck"]["port"] == service["spec"]["healthCheckNodePort"]

        stack("config", "rm", "--path", "apps[0].loadBalancer.name")
        stack.set("apps[0].loadBalancer.existing", identity)
        (step,) = [step for step in stack.preview() if step.kind == SERVICE]
        assert (step.operation, step.name) == ("replace", "shop")
        stack.up()
        assert set(balancers(sandbox)) == others
        assert address(kube.get("service", "shop", "shop")) == kept["ip"]
        assert len(balancers(sandbox)[kept["ip"]]["services"]) == 1

        stack("config", "rm", "--path", "apps[0].loadBalancer")
        stack.set("apps[0].service", "ClusterIP")
        stack.up()
        eventually(lambda: balancers(sandbox)[kept["ip"]]["services"] == [])

        stack.set("ingress.loadBalancer.existing", identity)
        steps = [step for step in stack.preview() if step.kind == RELEASE]
        assert [(step.operation, step.name) for step in steps] == [("replace", "ingress-nginx")]
        stack("config", "rm", "--path", "ingress.loadBalancer")
    finally:
        client.wait(client.delete_load_balancer(id=identity)["id"], max_wait_time=60)


def node_port_rules(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The rules about NodePorts of the stack's security group, as the API has them."""
    (group,) = sandbox.client.list_security_groups()["security-groups"]
    rules = sandbox.client.get_security_group(id=group["id"])["rules"]
    return [rule for rule in rules if rule.get("start-port") == 30000]


def healthy(sandbox: Sandbox, ip: str) -> bool:
    """Whether the API says of each service of a load balancer that a node answers."""
    return all(
        "success" in {node["status"] for node in service["healthcheck-status"]}
        for service in balancers(sandbox)[ip]["services"]
    )


def test_several_nodepools_of_which_the_first_is_tainted(
    stack: Stack, kube: Kube, sandbox: Sandbox
) -> None:
    small = {"instanceType": "standard.small", "size": 1, "diskSize": 20, "antiAffinity": False}
    gpu = {"name": "gpu", "taints": {"gpu": "a100:NoSchedule"}, **small}
    spare = {"name": "spare", **small}
    cluster = CLUSTER | {"nodepools": [gpu, NODEPOOL, spare]}
    own = {"service": "LoadBalancer"}
    stack.configure(
        {
            "cluster": cluster,
            "ingress": {"controller": "nginx", "chart": CHARTS["ingress-nginx"]},
            "apps": [SHOP | own, BLOG | own | {"nodepool": "gpu", "ports": [DNS]}, API],
        }
    )
    stack.up()
    opened = {
        (rule["protocol"], rule["network"])
        for rule in node_port_rules(sandbox)
        if "network" in rule
    }
    assert opened == {(protocol, "0.0.0.0/0") for protocol in ("tcp", "udp")}
    pools = {
        resource["urn"].rpartition("-")[2]: resource
        for resource in stack.resources()
        if resource["type"] == "exoscale:index/sksNodepool:SksNodepool"
    }
    names = {
        node["metadata"]["name"]: node["metadata"]["labels"]["node.exoscale.net/nodepool-id"]
        for node in kube.list("nodes")
    }
    services = {"shop": ("shop", "shop"), "blog": ("blog", "blog"), "ingress": CONTROLLER}
    expected = {"shop": "workers", "blog": "gpu", "ingress": "workers"}
    for site, service in services.items():
        pool = pools[expected[site]]
        ip = address(kube.get("service", *service))
        assert {
            balanced["instance-pool"]["id"] for balanced in balancers(sandbox)[ip]["services"]
        } == {pool["outputs"]["instancePoolId"]}
        eventually(partial(healthy, sandbox, ip))
        if site in ("shop", "blog"):
            assert {names[pod["spec"]["nodeName"]] for pod in kube.list("pods", site)} == {
                pool["id"]
            }
    stack("preview", "--refresh", "--expect-no-changes")


def test_a_load_balancer_that_was_deleted_is_shown_and_made_anew(
    stack: Stack, kube: Kube, sandbox: Sandbox
) -> None:
    addresses = {address(kube.get("service", *name)) for name in (("shop", "shop"), CONTROLLER)}
    client, before = sandbox.client, balancers(sandbox)
    dead = {before[ip]["id"] for ip in addresses}
    for identity in dead:
        client.wait(client.delete_load_balancer(id=identity)["id"], max_wait_time=60)
    shown = stack("preview")
    urns = set(
        re.findall(r"no longer works: to create a new one .*: pulumi up --replace '(.*)'", shown)
    )
    assert len(urns) == 2
    assert all(identity in shown for identity in dead)

    stack.set("apps[0].loadBalancer.description", "sells")
    refused = stack.run("preview")
    assert refused.returncode != 0
    assert "shop: loadBalancer.description: can't be changed" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
    assert [urn for urn in urns if f"pulumi up --replace '{urn}'" in refused.stdout]

    stack.up(*(argument for urn in urns for argument in ("--replace", urn)))
    outputs, there = stack.outputs(), balancers(sandbox)
    ip = outputs["load_balancer_address"]
    assert ip == address(kube.get("service", *CONTROLLER))
    assert there[ip]["id"] not in dead
    ip = address(kube.get("service", "shop", "shop"))
    assert outputs["shop_url"] == f"http://{ip}/"
    assert there[ip]["id"] not in dead
    assert there[ip]["description"] == "sells"
    assert "no longer works" not in stack("preview", "--refresh", "--expect-no-changes")


def test_an_application_that_takes_anothers_requests_is_refused(stack: Stack) -> None:
    stack.set("apps[1].path", "/shop/blog")
    stack("config", "rm", "--path", "apps[1].host")
    stack("config", "rm", "--path", "apps[1].ingress")
    stack.set("apps[1].ingress.rewrite", "false")
    answer = stack.run("preview")
    assert answer.returncode != 0
    assert 'apps[1].path: "/shop/blog": is matched by apps[0]\'s /shop' in answer.stdout


def test_no_controller_where_no_application_needs_one(stack: Stack, kube: Kube) -> None:
    stack.configure(
        {
            "cluster": CLUSTER,
            "apps": [{"name": "shop", **IMAGE}],
        }
    )
    stack.up()
    assert "load_balancer_address" not in stack.outputs()
    assert stack.outputs()["shop_url"] == "http://shop.shop.svc/"
    assert "ingress-nginx" not in kube.names("namespaces")
    assert Step("create", RELEASE, "ingress-nginx") not in stack.preview()
