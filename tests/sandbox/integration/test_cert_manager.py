"""Certificates on simulated nodes: the official chart, the real programs, a real ACME server."""

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store
from kubernetes import client, config
from pulumi.runtime.proto import provider_pb2

from sandbox.daemon.fault_client import FaultClient
from sandbox.paths import CERT_MANAGER_CHART, TOOLS_BIN, acme_root, authorities, write_private
from sandbox.plugins.wire import decode, encode
from tests.sandbox.integration.plugin_process import PluginProcess
from tests.support.account import Sandbox
from tests.support.polling import eventually
from tests.support.sks_account import balanced

pytestmark = pytest.mark.integration

NAMESPACE = "cert-manager"
DOMAIN = "certificates.example"
HOST = f"shop.{DOMAIN}"
PROVIDER = "urn:pulumi:dev::test::pulumi:providers:kubernetes::default"
RELEASE = "urn:pulumi:dev::test::kubernetes:helm.sh/v3:Release::cert-manager"


class Cluster:
    """A cluster with an ingress controller's load balancer and cert-manager."""

    def __init__(self, kubeconfig: Path) -> None:
        self.api = config.new_client_from_config(str(kubeconfig))
        self.core = client.CoreV1Api(self.api)
        self.custom = client.CustomObjectsApi(self.api)

    def create(self, kind: str, name: str, spec: dict[str, Any], namespace: str = "") -> None:
        """Creates an object of cert-manager; `kind` is the plural."""
        body = {
            "apiVersion": "cert-manager.io/v1",
            "kind": {"issuers": "Issuer", "clusterissuers": "ClusterIssuer"}[kind],
            "metadata": {"name": name},
            "spec": spec,
        }
        if namespace:
            self.custom.create_namespaced_custom_object(
                "cert-manager.io", "v1", namespace, kind, body
            )
        else:
            self.custom.create_cluster_custom_object("cert-manager.io", "v1", kind, body)

    def listed(self, kind: str, group: str = "cert-manager.io") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.custom.list_cluster_custom_object(group, "v1", kind)[
            "items"
        ]
        return found

    def ready(self, kind: str, name: str) -> dict[str, Any]:
        """The condition Ready of an object, empty while it has none."""
        (found,) = (each for each in self.listed(kind) if each["metadata"]["name"] == name)
        conditions = found.get("status", {}).get("conditions", [])
        return next((each for each in conditions if each["type"] == "Ready"), {})


def acme(sandbox: Sandbox, name: str) -> dict[str, Any]:
    return {
        "acme": {
            "server": sandbox.credentials.acme_url,
            "email": f"ops@{DOMAIN}",
            "privateKeySecretRef": {"name": name},
            "solvers": [{"http01": {"ingress": {"ingressClassName": "nginx"}}}],
        }
    }


@pytest.fixture(scope="module")
def kubeconfig(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = sandbox.create_cluster("certificates", size=1, addons=["exoscale-cloud-controller"])
    file = tmp_path_factory.mktemp("certificates") / "kubeconfig"
    write_private(file, sandbox.kubeconfig(made))
    yield file
    sandbox.delete_cluster(made)


@pytest.fixture(scope="module")
def cluster(sandbox: Sandbox, kubeconfig: Path) -> Iterator[Cluster]:
    cluster = Cluster(kubeconfig)
    labels = {"app": "nginx"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "c", "image": "n"}]},
    }
    for name in (NAMESPACE, "shop"):
        cluster.core.create_namespace({"metadata": {"name": name}})
    client.AppsV1Api(cluster.api).create_namespaced_deployment(
        "shop",
        {
            "metadata": {"name": "nginx"},
            "spec": {"selector": {"matchLabels": labels}, "template": template},
        },
    )
    cluster.core.create_namespaced_service("shop", balanced("nginx", 80, 443))
    client.NetworkingV1Api(cluster.api).create_ingress_class(
        {"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}
    )
    # The plugin ignores a kubeconfig in the arguments of Configure.
    environment = sandbox.environment | {"KUBECONFIG": str(kubeconfig)}
    plugin = PluginProcess([TOOLS_BIN / "pulumi-resource-kubernetes"], environment)
    try:
        plugin.configure()
        news = {
            "chart": str(CERT_MANAGER_CHART),
            "name": "cert-manager",
            "namespace": NAMESPACE,
            "values": {"crds": {"enabled": True}},
        }
        check = provider_pb2.CheckRequest(urn=RELEASE, news=encode(news))
        inputs = plugin.call("Check", check).inputs
        made = plugin.call("Create", provider_pb2.CreateRequest(urn=RELEASE, properties=inputs))
        assert decode(made.properties)["status"]["status"] == "deployed"
        yield cluster
    finally:
        plugin.interrupt()
        plugin.end()
        cluster.core.delete_namespaced_service("nginx", "shop")
        eventually(lambda: not cluster.core.list_namespaced_service("shop").items)


@pytest.fixture(scope="module")
def zone(sandbox: Sandbox) -> Iterator[str]:
    """The ID of a DNS zone without records."""
    made = sandbox.done(sandbox.client.create_dns_domain(unicode_name=DOMAIN))
    yield made
    sandbox.done(sandbox.client.delete_dns_domain(id=made))


@pytest.fixture(scope="module")
def issuer(sandbox: Sandbox, cluster: Cluster) -> str:
    cluster.create("clusterissuers", "letsencrypt", acme(sandbox, "letsencrypt"))
    return "letsencrypt"


def test_the_webhook_refuses_an_invalid_issuer(cluster: Cluster) -> None:
    spec = {"acme": {"server": "", "privateKeySecretRef": {"name": "key"}}}
    with pytest.raises(client.ApiException) as refused:
        cluster.create("issuers", "invalid", spec, "shop")
    assert json.loads(refused.value.body)["message"] == (
        'admission webhook "webhook.cert-manager.io" denied the request: '
        "spec.acme.server: Required value: acme server URL is a required field"
    )


def test_a_certificate_is_issued_when_its_host_leads_to_the_load_balancer(
    sandbox: Sandbox, cluster: Cluster, issuer: str, zone: str
) -> None:
    service = {"service": {"name": "shop", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": service}
    ingress = {
        "metadata": {"name": "shop", "annotations": {"cert-manager.io/cluster-issuer": issuer}},
        "spec": {
            "ingressClassName": "nginx",
            "tls": [{"hosts": [HOST], "secretName": "shop-tls"}],
            "rules": [{"host": HOST, "http": {"paths": [path]}}],
        },
    }
    client.NetworkingV1Api(cluster.api).create_namespaced_ingress("shop", ingress)

    def reasons() -> str:
        challenges = cluster.listed("challenges", "acme.cert-manager.io")
        return " ".join(each.get("status", {}).get("reason") or "" for each in challenges)

    eventually(lambda: f"{HOST}:80: unknown error host unreachable" in reasons())
    record = {"domain_id": zone, "name": "shop", "type": "A", "ttl": 60}
    wrong = sandbox.done(sandbox.client.create_dns_domain_record(content="203.0.113.200", **record))
    eventually(lambda: f"{HOST}:80: unknown error connection refused" in reasons())
    sandbox.done(sandbox.client.delete_dns_domain_record(domain_id=zone, record_id=wrong))
    status = cluster.core.read_namespaced_service("nginx", "shop").status
    address = status.load_balancer.ingress[0].ip
    sandbox.done(sandbox.client.create_dns_domain_record(content=address, **record))
    eventually(lambda: cluster.ready("certificates", "shop-tls").get("status") == "True", 90)

    (request,) = cluster.listed("certificaterequests")
    assert request["spec"]["username"] == f"system:serviceaccount:{NAMESPACE}:cert-manager"
    secret = cluster.core.read_namespaced_secret("shop-tls", "shop").data
    leaf, *chain = x509.load_pem_x509_certificates(b64decode(secret["tls.crt"]))
    root = x509.load_pem_x509_certificate(acme_root(sandbox.home).read_bytes())
    verifier = PolicyBuilder().store(Store([root])).build_server_verifier(x509.DNSName(HOST))
    assert verifier.verify(leaf, chain)[-1] == root


def test_an_acme_server_that_is_down_is_asked_again(sandbox: Sandbox, cluster: Cluster) -> None:
    faults = FaultClient(sandbox.credentials)
    faults.add("acme", {"kind": "drop"})
    try:
        cluster.create("clusterissuers", "other", acme(sandbox, "other"))
        eventually(lambda: cluster.ready("clusterissuers", "other").get("status") == "False")
        message = cluster.ready("clusterissuers", "other")["message"]
        assert message.startswith("Failed to register ACME account: Get ")
        assert sandbox.credentials.acme_url in message
    finally:
        faults.clear()
    eventually(lambda: cluster.ready("clusterissuers", "other").get("status") == "True", 90)


def test_status_has_the_server_and_its_root(sandbox: Sandbox, cluster: Cluster) -> None:
    status = json.loads(sandbox.run("status", "--json"))
    assert status["acme"] == sandbox.credentials.acme_url
    assert status["acme-root"] == str(acme_root(sandbox.home))
    assert acme_root(sandbox.home).read_text() not in authorities(sandbox.home).read_text()
    programs = {process["command"] for process in status["processes"]}
    assert programs >= {
        "pebble",
        "cert-manager-controller",
        "cert-manager-webhook",
        "cert-manager-cainjector",
    }
