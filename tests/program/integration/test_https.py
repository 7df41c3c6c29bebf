"""A stack's hosts get certificates, from a missing record to the end of the stack.

The application is in a namespace that the stack does not own: what cert-manager leaves there,
nobody else removes.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from sandbox.daemon.certificates import authority
from sandbox.paths import CERT_MANAGER_CHART, ROOT
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import Stack, copy_project

pytestmark = pytest.mark.integration

NAMESPACE = "shared"
ZONE = "shop.test"
WARNING = "warning: certificates:"
CHARTS = {name: f"./sandbox/charts/{name}" for name in ("ingress-nginx", "traefik")}
WEB = {"name": "web", "namespace": NAMESPACE, "image": "example/web:1", "host": ZONE}
WWW = f"www.{ZONE}"


@pytest.fixture(scope="module")
def kube(sandbox: Sandbox, cluster_kubeconfig: Path) -> Iterator[Kube]:
    kube = Kube(cluster_kubeconfig, sandbox.environment)
    kube.run("kubectl", "create", "namespace", NAMESPACE)
    yield kube
    kube.run("kubectl", "delete", "namespace", NAMESPACE)
    label = "app.kubernetes.io/name=cert-manager"  # as docs/networking.md says
    kube.run("kubectl", "delete", "crd", "--selector", label)
    assert not {name for name in kube.names("crds") if name.endswith("cert-manager.io")}


@pytest.fixture(scope="module")
def settings(sandbox: Sandbox, cluster_kubeconfig: Path) -> dict[str, Any]:
    https = {
        "email": f"ops@{ZONE}",
        "server": sandbox.credentials.acme_url,
        "serverCa": authority(sandbox.home).certificate.decode(),
        "chart": f"./{CERT_MANAGER_CHART.relative_to(ROOT)}",
        "timeoutSeconds": 5,
    }
    return {
        "existingCluster": {"kubeconfig": str(cluster_kubeconfig)},
        "ingress": {"controller": "nginx", "chart": CHARTS["ingress-nginx"], "https": https},
        "namespaces": [{"name": NAMESPACE, "existing": True}],
        "apps": [WEB],
    }


def certificates(kube: Kube) -> dict[str, str]:
    """The numbers of the valid certificates in the namespace, by their hosts."""
    found = {}
    for each in kube.list("certificates", NAMESPACE):
        (host,) = each["spec"]["dnsNames"]
        ready = {one["type"]: one["status"] for one in each["status"]["conditions"]}["Ready"]
        if ready == "True":
            secret = kube.get("secret", each["spec"]["secretName"], NAMESPACE)
            pem = x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["tls.crt"]))
            names = pem.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            assert names.get_values_for_type(x509.DNSName) == [host]
            found[host] = str(pem.serial_number)
    return found


def test_https(sandbox: Sandbox, kube: Kube, settings: dict[str, Any], tmp_path: Path) -> None:
    stack = Stack("https", copy_project(tmp_path), sandbox.environment)
    (tmp_path / ".sandbox").symlink_to(ROOT / ".sandbox")
    before, patient = sandbox.holds(), {"timeoutSeconds": 120}

    def configure(*apps: dict[str, Any], **ingress: Any) -> None:
        https = settings["ingress"]["https"] | ingress.pop("https", {})
        changed = settings["ingress"] | ingress | {"https": https}
        stack.configure(settings | {"ingress": changed, "apps": [*apps]})

    def up() -> list[str]:
        said = stack("up", "--yes", "--skip-preview").partition("Diagnostics:")[2]
        return [line.strip() for line in said.splitlines() if WARNING in line]

    configure(WEB)
    stack("stack", "init")
    assert "ClusterIssuer" in stack("preview")  # the cluster does not know the kind yet
    (said,) = up()
    assert f"{ZONE}: Waiting for HTTP-01 challenge propagation" in said, "no record in DNS"
    assert stack.outputs()["web_url"] == f"https://{ZONE}/"

    address = stack.outputs()["load_balancer_address"]
    client = sandbox.client
    domain = client.create_dns_domain(unicode_name=ZONE)["reference"]["id"]
    for name in ("", "www"):
        client.create_dns_domain_record(
            domain_id=domain, name=name, type="A", content=address, ttl=60
        )
    configure(WEB, https=patient)
    assert up() == []
    first = certificates(kube)
    assert [*first] == [ZONE]
    stack("preview", "--expect-no-changes")
    stack("preview", "--refresh", "--expect-no-changes")

    renamed = WEB | {"name": "renamed"}
    both = renamed | {"additionalHosts": [WWW]}
    sandbox.run("faults", "add", "acme", "--drop")
    configure(both)
    (said,) = up()
    assert f"{WARNING} after 5 s, {WWW}: the ACME server has not answered yet" in said
    sandbox.run("faults", "clear")
    configure(both, https=patient)
    assert up() == []
    found = certificates(kube)
    assert found.keys() == {ZONE, WWW}
    assert found[ZONE] == first[ZONE], "the application was renamed, its Ingress updated"

    configure(renamed, controller="traefik", chart=CHARTS["traefik"])
    assert up() == []
    assert certificates(kube) == first
    assert len(kube.names("secrets", NAMESPACE)) == 1, "of the other host nothing is left"

    stack("destroy", "--yes", "--skip-preview")
    assert not kube.names("secrets", NAMESPACE)
    assert not kube.names("certificates", NAMESPACE)
    assert not kube.names("clusterissuers")
    assert not kube.names("namespaces") & {"cert-manager", "ingress-nginx"}
    client.delete_dns_domain(id=domain)
    eventually(lambda: sandbox.holds() == before)
