"""The stack `local`: its first preview, its deployment, and what there is then."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.program.integration.conftest import FirstPreview
from tests.program.integration.life import tutorial
from tests.support.account import VERSION, Sandbox
from tests.support.kube import Kube
from tests.support.stack import Stack

pytestmark = pytest.mark.integration

RULE = "exoscale:index/securityGroupRule:SecurityGroupRule"
RESOURCES = {
    ("pulumi:pulumi:Stack", "webapp-local"),
    ("webapp:index:SksCluster", "cluster"),
    ("exoscale:index/sksCluster:SksCluster", "cluster"),
    ("exoscale:index/securityGroup:SecurityGroup", "cluster"),
    (RULE, "cluster-kubelet"),
    (RULE, "cluster-calico-vxlan"),
    (RULE, "cluster-nlb-health"),
    (RULE, "cluster-node-ports-0.0.0.0/0"),
    ("exoscale:index/antiAffinityGroup:AntiAffinityGroup", "cluster-workers"),
    ("exoscale:index/sksNodepool:SksNodepool", "cluster-workers"),
    ("exoscale:index/sksKubeconfig:SksKubeconfig", "cluster"),
    ("pulumi:index:Stash", "cluster-workers"),
    ("pulumi:index:Stash", "nodepools"),
    ("pulumi:index:Stash", "databases"),
    ("pulumi:index:Stash", "autoscalers"),
    ("pulumi:index:Stash", "rickroller-rollout"),
    ("pulumi:providers:kubernetes", "cluster"),
    ("webapp:index:IngressController", "ingress-nginx"),
    ("kubernetes:core/v1:Namespace", "ingress-nginx"),
    ("kubernetes:helm.sh/v3:Release", "ingress-nginx"),
    ("kubernetes:networking.k8s.io/v1:NetworkPolicy", "ingress-nginx"),
    ("webapp:index:WebApp", "rickroller"),
    ("webapp:index:AppNamespace", "test"),
    ("kubernetes:core/v1:Namespace", "test"),
    ("kubernetes:core/v1:ResourceQuota", "test"),
    ("kubernetes:core/v1:LimitRange", "test"),
    ("kubernetes:core/v1:ServiceAccount", "rickroller"),
    ("kubernetes:networking.k8s.io/v1:NetworkPolicy", "rickroller"),
    ("kubernetes:policy/v1:PodDisruptionBudget", "rickroller"),
    ("kubernetes:core/v1:Secret", "rickroller-app-secret-key"),
    ("kubernetes:apps/v1:Deployment", "rickroller"),
    ("kubernetes:core/v1:Service", "rickroller"),
    ("kubernetes:networking.k8s.io/v1:Ingress", "rickroller-506954d3"),
}


def test_the_first_preview_shows_every_resource_and_makes_none(
    first_preview: FirstPreview,
) -> None:
    assert {step.operation for step in first_preview.steps} == {"create"}
    shown = [(step.kind, step.name) for step in first_preview.steps]
    assert len(shown) == len(RESOURCES)
    assert set(shown) == RESOURCES
    assert first_preview.after == first_preview.before


def test_a_second_up_changes_nothing(stack: Stack, kube: Kube) -> None:
    def versions() -> dict[str, str]:
        kinds = "namespace,deployment,service,ingress,secret,daemonset,replicaset"
        return {
            item["metadata"]["uid"]: item["metadata"]["resourceVersion"]
            for item in kube.list(kinds)
        }

    before = versions()
    assert set(stack.up()) <= {"same", "read"}
    assert versions() == before
    stack("preview", "--expect-no-changes")


def test_a_refresh_finds_no_drift(stack: Stack) -> None:
    stack("refresh", "--yes", "--expect-no-changes")


def test_cluster(stack: Stack, sandbox: Sandbox, kube: Kube) -> None:
    (cluster,) = (
        cluster
        for cluster in sandbox.client.list_sks_clusters()["sks-clusters"]
        if cluster["name"] == stack.outputs()["cluster_name"]
    )
    assert (cluster["version"], cluster["level"], cluster["cni"], cluster["state"]) == (
        VERSION,
        "starter",
        "calico",
        "running",
    )
    (nodepool,) = cluster["nodepools"]
    assert nodepool["name"].startswith("webapp-local-cluster-workers-")
    assert (nodepool["size"], nodepool["disk-size"]) == (2, 20)
    nodes = kube.list("nodes")
    assert len(nodes) == 2
    for node in nodes:
        (ready,) = (c["status"] for c in node["status"]["conditions"] if c["type"] == "Ready")
        assert ready == "True"
        instance = sandbox.client.get_instance(id=node["spec"]["providerID"].split("//")[1])
        assert instance["manager"]["id"] == nodepool["instance-pool"]["id"]
        assert len(instance["anti-affinity-groups"]) == 1


def test_security_group(sandbox: Sandbox, stack: Stack) -> None:
    (group,) = (
        group
        for group in sandbox.client.list_security_groups()["security-groups"]
        if group["name"].startswith("webapp-local-cluster-")
    )

    def source(rule: dict[str, Any]) -> str:
        if "network" in rule:
            return str(rule["network"])
        return str(rule["security-group"].get("id") or rule["security-group"]["name"])

    rules = {
        (rule["protocol"], rule["start-port"], rule["end-port"], source(rule))
        for rule in group["rules"]
    }
    assert {rule["flow-direction"] for rule in group["rules"]} == {"ingress"}
    (checks,) = (
        public
        for public in sandbox.client.list_security_groups(visibility="public")["security-groups"]
        if public["name"] == "public-nlb-healthcheck-sources"
    )
    assert rules == {
        ("tcp", 10250, 10250, group["id"]),
        ("udp", 4789, 4789, group["id"]),
        ("tcp", 30000, 32767, checks.get("id", checks["name"])),
        ("tcp", 30000, 32767, "0.0.0.0/0"),
    }
    assert len(group["rules"]) == len(rules)


def test_namespace(kube: Kube, stack: Stack) -> None:
    assert kube.get("namespace", "test")["status"]["phase"] == "Active"


def test_deployment(kube: Kube, stack: Stack) -> None:
    deployment = kube.get("deployment", "rickroller", "test")
    environment = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    secret = environment[0]["valueFrom"]["secretKeyRef"]["name"]
    expected = kube.completed(tutorial.DEPLOYMENT.format(secret=secret))
    assert deployment["spec"] == expected["spec"]
    assert deployment["status"]["readyReplicas"] == 3
    pods = kube.list("pods", "test")
    assert [pod["status"]["phase"] for pod in pods] == ["Running"] * 3
    (value,) = kube.get("secret", secret, "test")["data"].values()
    assert len(base64.b64decode(value)) >= 32


def test_service(kube: Kube, stack: Stack) -> None:
    service = kube.get("service", "rickroller", "test")["spec"]
    expected = kube.completed(tutorial.SERVICE)["spec"]
    own_address = {"clusterIP", "clusterIPs"}
    assert {key: service[key] for key in service.keys() - own_address} == {
        key: expected[key] for key in expected.keys() - own_address
    }
    (endpoints,) = kube.list("endpointslices", "test")
    assert len(endpoints["endpoints"]) == 3
    assert [port["port"] for port in endpoints["ports"]] == [8080]


def test_ingress(kube: Kube, stack: Stack) -> None:
    (ingress,) = kube.list("ingresses", "test")
    # A second one of the class for the path is refused.
    expected = kube.completed(tutorial.INGRESS.replace("Name: nginx", "Name: another"))
    assert ingress["spec"] == {**expected["spec"], "ingressClassName": "nginx"}
    annotations = ingress["metadata"]["annotations"]
    assert annotations.pop("pulumi.com/skipAwait") == "true"
    assert annotations == expected["metadata"]["annotations"]
    assert "nginx" in kube.names("ingressclass")


def test_release(kube: Kube, stack: Stack) -> None:
    assert kube.releases("ingress-nginx", "ingress-nginx") == [(1, "deployed")]
    controller = kube.get("daemonset", "ingress-nginx-controller", "ingress-nginx")
    assert controller["status"]["numberReady"] == 2


def test_load_balancer(kube: Kube, stack: Stack, sandbox: Sandbox) -> None:
    service = kube.get("service", "ingress-nginx-controller", "ingress-nginx")
    (entry,) = service["status"]["loadBalancer"]["ingress"]
    (balancer,) = (
        balancer
        for balancer in sandbox.client.list_load_balancers()["load-balancers"]
        if balancer["ip"] == entry["ip"]
    )
    balanced = {
        (item["port"], item["target-port"], item["strategy"], item["healthcheck"]["mode"])
        for item in balancer["services"]
    }
    assert balanced == {
        (port["port"], port["nodePort"], "source-hash", "http") for port in service["spec"]["ports"]
    }
    checked = {item["healthcheck"]["port"] for item in balancer["services"]}
    assert checked == {service["spec"]["healthCheckNodePort"]}
    outputs = stack.outputs()
    assert outputs["load_balancer_address"] == entry["ip"]
    assert outputs["rickroller_url"] == f"http://{entry['ip']}/rickroller/"


def test_no_secret_is_in_clear(stack: Stack, kube: Kube, sandbox: Sandbox, project: Path) -> None:
    (user,) = yaml.safe_load(kube.kubeconfig.read_text())["users"]
    key = user["user"]["client-key-data"]
    (secret,) = (item for item in kube.list("secrets", "test") if "APP_SECRET_KEY" in item["data"])
    application = secret["data"]["APP_SECRET_KEY"]
    hidden = {
        "client key": key,
        "line of the client key": base64.b64decode(key).decode().splitlines()[1],
        "APP_SECRET_KEY": base64.b64decode(application).decode(),
        "APP_SECRET_KEY in base64": application,
        "API secret": sandbox.environment["EXOSCALE_API_SECRET"],
        "passphrase": sandbox.credentials.passphrase,
    }
    stack("preview", "--diff", "--show-config", "--show-sames")
    places = [
        file
        for folder in ("pulumi-state", "pulumi-home", "pulumi-stacks", "log", "api")
        for file in (sandbox.home / folder).rglob("*")
        if file.is_file()
    ]
    assert any(file.name == "local.json" for file in places)
    assert any(file.name == "daemon.log" for file in places)
    texts = {str(file): file.read_bytes().decode(errors="replace") for file in places}
    texts |= {str(file): file.read_text() for file in project.glob("*.yaml")}
    texts["what Pulumi wrote"] = "\n".join(stack.transcript)
    found = [
        (name, place)
        for place, text in texts.items()
        for name, value in hidden.items()
        if value in text
    ]
    assert found == []
