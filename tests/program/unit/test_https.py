"""HTTPS: what is installed, which hosts get certificates, and what is said of missing ones."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any, cast
from unittest.mock import AsyncMock

import pulumi
import pytest

from components.certificates import issued_certificates as module
from components.certificates.args import CLUSTER_ISSUER, HttpsArgs
from components.certificates.issued_certificates import wait_for_certificates
from components.certificates.missing_certificates import (
    Certificate,
    missing_certificates,
    reasons,
    retry,
)
from components.lifecycle.cluster_access import ClusterAccess
from components.lifecycle.kubernetes_api import KubernetesApi
from stack.args import StackArgs
from stack.checks.whole_stack import notices
from stack.compose import declare
from tests.program.unit.engine import Engine, run
from tests.program.unit.stack_settings import APP, changed, load, mistakes
from tests.program.unit.test_collisions import collisions
from tests.support.kubernetes_api import kubeconfig, kubernetes_api

HTTPS = {"email": "ops@example.com"}
HOST = {"host": "web.example.com"}
CLUSTER = {
    "zone": "ch-gva-2",
    "version": "1.36.5",
    "allowOpenNetworks": True,
    "nodePortSources": ["0.0.0.0/0"],
    "nodepools": [{"name": "workers", "instanceType": "standard.small", "size": 2}],
}
CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
ELSEWHERE = {"server": "https://acme.internal:14000/dir", "serverCa": CA}


def settings(https: dict[str, Any] = HTTPS, *apps: dict[str, Any], **keys: Any) -> dict[str, Any]:
    ingress = {"controller": "traefik", "https": https}
    return {"cluster": CLUSTER, "ingress": ingress, "apps": [*(apps or (APP | HOST,))], **keys}


def declared(values: dict[str, Any], *, preview: bool = True) -> Engine:
    args = StackArgs.model_validate(values)
    return run(lambda: declare(args), preview=preview)[0]


def test_cert_manager_is_installed_with_the_rights_of_its_chart_alone() -> None:
    engine = declared(settings())
    release = engine.of_type("Release")["cert-manager"]
    assert (release["chart"], release["version"]) == ("cert-manager", "1.21.2")
    assert release["repositoryOpts"] == {"repo": "https://charts.jetstack.io"}
    assert (release["name"], release["namespace"]) == ("cert-manager", "cert-manager")
    values = release["values"]
    assert values["crds"] == {"enabled": True, "keep": True}
    assert values["enableCertificateOwnerRef"] is True
    assert values["global"] == {"leaderElection": {"namespace": "cert-manager"}}
    labels = engine.of_type("Namespace")["cert-manager"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_each_deployment_has_two_pods_in_production_and_a_budget() -> None:
    parts = ("webhook", "cainjector")
    for production, pods in ((False, 1), (True, 2)):
        args = StackArgs.model_validate(settings()).model_copy(update={"production": production})
        engine, _ = run(partial(declare, args), preview=True)
        values = engine.of_type("Release")["cert-manager"]["values"]
        for part in (values, *(values[each] for each in parts)):
            assert part["replicaCount"] == pods
            assert part["resources"]["requests"] == {"cpu": "10m", "memory": "64Mi"}
            budget = {"enabled": True, "maxUnavailable": 1} if production else None
            assert part.get("podDisruptionBudget") == budget
            assert ("topologySpreadConstraints" in part) == production


def test_chart_and_values_are_the_users() -> None:
    own = HTTPS | {"chart": "./chart", "values": {"crds": {"keep": False}, "webhook": {"a": 1}}}
    release = declared(settings(own)).of_type("Release")["cert-manager"]
    assert release["chart"] == "./chart"
    assert "repositoryOpts" not in release
    assert release["values"]["crds"] == {"enabled": True, "keep": False}
    assert release["values"]["webhook"]["a"] == 1
    other = HTTPS | {"repository": "oci://registry.example.com/charts", "version": "v1.21.3"}
    release = declared(settings(other)).of_type("Release")["cert-manager"]
    assert release["repositoryOpts"] == {"repo": "oci://registry.example.com/charts"}
    assert release["version"] == "v1.21.3"


def test_the_issuer_is_lets_encrypts_by_http() -> None:
    issuer = declared(settings()).of_type("ClusterIssuer")["letsencrypt"]
    assert issuer["apiVersion"] == "cert-manager.io/v1"
    assert issuer["metadata"]["annotations"] == {"exoscale-webapp/stack": "webapp/test"}
    assert issuer["spec"] == {
        "acme": {
            "server": "https://acme-v02.api.letsencrypt.org/directory",
            "email": "ops@example.com",
            "privateKeySecretRef": {"name": "letsencrypt-account"},
            "solvers": [{"http01": {"ingress": {"ingressClassName": "nginx"}}}],
        }
    }


def test_another_server_has_an_issuer_of_its_own_so_that_certificates_are_issued_anew() -> None:
    staging = declared(settings(HTTPS | {"staging": True})).of_type("ClusterIssuer")
    assert [*staging] == ["letsencrypt-staging"]
    (server,) = {each["spec"]["acme"]["server"] for each in staging.values()}
    assert server == "https://acme-staging-v02.api.letsencrypt.org/directory"
    engine = declared(settings(HTTPS | ELSEWHERE))
    ((name, issuer),) = engine.of_type("ClusterIssuer").items()
    assert name == "acme-0cfcf87d"
    assert issuer["spec"]["acme"]["server"] == ELSEWHERE["server"]
    assert issuer["spec"]["acme"]["caBundle"]
    ports = [rule.get("ports") for rule in policy(engine)["egress"]]
    assert [{"port": 443}, {"port": 6443}, {"port": 14000}] in ports


def policy(engine: Engine) -> dict[str, Any]:
    spec: dict[str, Any] = engine.of_type("NetworkPolicy")["cert-manager"]["spec"]
    return spec


def test_the_webhook_can_be_called_and_the_controller_be_asked() -> None:
    spec = policy(declared(settings()))
    assert spec["ingress"] == [{"ports": [{"port": "https"}]}]
    name = {"kubernetes.io/metadata.name": "ingress-nginx"}
    assert {"to": [{"namespaceSelector": {"matchLabels": name}}]} in spec["egress"]
    assert [{"port": 443}, {"port": 6443}] in [rule.get("ports") for rule in spec["egress"]]


def test_each_host_has_a_certificate_unless_it_names_another() -> None:
    apps = (
        APP | HOST | {"additionalHosts": ["www.example.com"]},
        APP | {"name": "own", "host": "own.example.com", "ingress": {"tls": {"secret": "own"}}},
        APP | {"name": "path", "path": "/path", "ingress": {"bodySize": "1m"}},
        APP | {"name": "balanced", "service": "LoadBalancer"},
    )
    args = StackArgs.model_validate(settings(HTTPS, *apps))
    engine, outputs = run(lambda: declare(args), preview=True)
    ingresses = engine.of_type("Ingress")
    found = {
        name.rpartition("-")[0]: (
            each["metadata"]["annotations"].get(CLUSTER_ISSUER),
            each["spec"].get("tls"),
        )
        for name, each in ingresses.items()
    }
    secrets = {name.rpartition("-")[0]: f"{name}-tls" for name in ingresses}
    assert found == {
        "web-example-com": (
            "letsencrypt",
            [{"hosts": ["web.example.com"], "secretName": secrets["web-example-com"]}],
        ),
        "www-example-com": (
            "letsencrypt",
            [{"hosts": ["www.example.com"], "secretName": secrets["www-example-com"]}],
        ),
        "own-example-com": (None, [{"hosts": ["own.example.com"], "secretName": "own"}]),
        "path": (None, None),
    }
    assert outputs["web_url"] == "https://web.example.com/"


@pytest.mark.parametrize("preview", [True, False])
def test_an_existing_issuer_is_used_and_nothing_installed(preview: bool) -> None:
    engine = declared(settings({"existing": "company", "hsts": 60}), preview=preview)
    assert [*engine.of_type("Release")] == ["ingress-nginx"]
    assert not engine.of_type("ClusterIssuer")
    (ingress,) = engine.of_type("Ingress").values()
    assert ingress["metadata"]["annotations"][CLUSTER_ISSUER] == "company"


@pytest.mark.parametrize("controller", ["nginx", "traefik"])
def test_strict_transport_security_is_sent_only_where_it_is_set(controller: str) -> None:
    def values(hsts: int) -> dict[str, Any]:
        keys = changed("ingress.controller", controller, settings(HTTPS | {"hsts": hsts}))
        found: dict[str, Any] = declared(keys).of_type("Release")["ingress-nginx"]["values"]
        return found

    off, on = values(0), values(31536000)
    if controller == "nginx":
        assert off["controller"]["config"] == {"hsts": "false"}
        assert on["controller"]["config"] == {
            "hsts": "true",
            "hsts-max-age": "31536000",
            "hsts-include-subdomains": "false",
        }
        return
    assert "http" not in off["providers"]["file"]["content"]
    assert "middlewares" not in off["ports"]["websecure"]["http"]
    assert "middlewares" not in on["ports"]["web"]["http"]
    (name,) = on["ports"]["websecure"]["http"]["middlewares"]
    middlewares = on["providers"]["file"]["content"]["http"]["middlewares"]
    assert middlewares[name.removesuffix("@file")] == {"headers": {"stsSeconds": 31536000}}


def test_ingresses_outlive_nothing_that_their_certificates_need() -> None:
    """A challenge has a finalizer of cert-manager's, which has to be there to remove it."""
    resources = declared(settings()).resources
    order = [f"{each.typ.rpartition(':')[2]} {each.name}" for each in resources]
    ingress = next(each for each in order if each.startswith("Ingress "))
    release, issuer = "Release cert-manager", "ClusterIssuer letsencrypt"
    assert order.index(release) < order.index(issuer) < order.index(ingress)


@pytest.mark.parametrize(
    ("https", "lines"),
    [
        ({}, ["ingress.https.email: null: must be given, or existing"]),
        (
            {"email": "ops"},
            ['ingress.https.email: "ops": must be an e-mail address, such as ops@example.com'],
        ),
        (
            {"existing": "company", "email": "ops@example.com", "timeoutSeconds": 5},
            [
                'ingress.https.email: "ops@example.com": must not be given with existing: the stack'
                " installs nothing then"
            ],
        ),
        (
            HTTPS | ELSEWHERE | {"staging": True},
            [
                "ingress.https.staging: true: must not be given with server, which is another one",
            ],
        ),
        (
            HTTPS | {"serverCa": CA},
            [f"ingress.https.serverCa: {json.dumps(CA)}: must not be given without server"],
        ),
    ],
)
def test_what_is_wrong_is_said(https: dict[str, Any], lines: list[str]) -> None:
    assert mistakes(settings(https)) == lines


def test_a_wildcard_host_needs_another_certificate() -> None:
    wildcard = APP | {"host": "*.example.com"}
    assert mistakes(settings(HTTPS, wildcard)) == [
        'apps[0].host: "*.example.com": must not be a wildcard with ingress.https, whose challenge'
        " HTTP-01 can't validate one: set the application's ingress.tls"
    ]
    added = APP | HOST | {"additionalHosts": ["*.example.com"]}
    assert mistakes(settings(HTTPS, added))[0].startswith("apps[0].additionalHosts[0]: ")
    assert load(settings(HTTPS, wildcard | {"ingress": {"tls": {"secret": "wildcard"}}}))
    assert load(settings({"existing": "by-dns"}, wildcard))


def test_a_host_longer_than_a_common_name_is_no_mistake() -> None:
    """cert-manager writes none into its requests: only the annotation `common-name` sets one."""
    host = f"{'a' * 63}.{'b' * 63}.example.com"
    engine = declared(settings(HTTPS, APP | {"host": host}))
    ((name, ingress),) = engine.of_type("Ingress").items()
    assert ingress["spec"]["tls"] == [{"hosts": [host], "secretName": f"{name}-tls"}]


def test_a_host_on_its_own_load_balancer_can_not_be_validated() -> None:
    own = APP | HOST | {"service": "LoadBalancer"}
    dns = {"dns": {"zone": "example.com"}}
    assert mistakes(settings(HTTPS, own, **dns)) == [
        'apps[0].service: "LoadBalancer": must be ClusterIP with ingress.https: the DNS record of'
        " web.example.com leads to the application's own load balancer, but the ingress controller"
        " answers challenges"
    ]
    given = own | {"ingress": {"tls": {"secret": "own"}}}
    for fine in (settings(HTTPS, own), settings(HTTPS, given, **dns)):
        load(fine)


def test_lets_encrypt_has_to_reach_the_controller() -> None:
    closed = changed("cluster.nodePortSources", ["192.0.2.0/24"], settings())
    (line,) = mistakes(closed)
    assert line.startswith('cluster.nodePortSources: ["192.0.2.0/24"]: must have "0.0.0.0/0" with')
    assert load(changed("ingress.https", HTTPS | ELSEWHERE, closed))
    assert load(changed("ingress.https", {"existing": "by-dns"}, closed))


def test_an_existing_controller_is_not_the_stacks_to_ask() -> None:
    ingress = {"existing": {"address": "192.0.2.7"}, "https": HTTPS}
    values = {"existingCluster": {"stack": "dev"}, "ingress": ingress, "apps": [APP | HOST]}
    (line,) = mistakes(values)
    assert line.startswith("ingress.existing: ")
    assert "must be the only key of ingress" in line


def test_without_hosts_there_is_a_hint() -> None:
    assert [*notices(load(settings(HTTPS, APP | {"path": "/"})))] == [
        "ingress.https: no application has a host, so there is no certificate"
    ]
    assert not [*notices(load(settings()))]


def test_an_application_can_not_be_in_cert_managers_namespace() -> None:
    (line,) = collisions(settings(HTTPS, APP | HOST | {"namespace": "cert-manager"}))
    assert line.startswith("Namespace cert-manager: declared by ")


WANTED = Certificate("web", "web-tls", "web.example.com")
CORE, ACME = "/apis/cert-manager.io/v1", "/apis/acme.cert-manager.io/v1"


def ready(status: str, message: str = "") -> dict[str, Any]:
    return {"conditions": [{"type": "Ready", "status": status, "message": message}]}


REJECTED = ready("False", "rejected") | {"lastFailureTime": "2026-11-01T00:00:00Z"}


def one(name: str, spec: dict[str, Any], status: dict[str, Any], day: int = 1) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "web",
        "creationTimestamp": f"2026-11-{day:02}T00:00:00Z",
        "annotations": {"cert-manager.io/certificate-name": "web-tls"},
    }
    return {"metadata": metadata, "spec": spec, "status": status}


def certificate(status: dict[str, Any], issuer: str = "letsencrypt") -> dict[str, Any]:
    return one("web-tls", {"issuerRef": {"name": issuer}}, status)


PAGES: dict[str, Any] = {
    f"{CORE}/certificates": [certificate(ready("False", "Issuing certificate"))],
    f"{CORE}/clusterissuers/letsencrypt": {"status": ready("True", "registered")},
    f"{CORE}/certificaterequests": [],
    f"{ACME}/orders": [],
    f"{ACME}/challenges": [],
}


def told(**pages: Any) -> list[str]:
    """What is said with other pages, named after the last part of their paths."""
    table = {path: pages.get(path.rpartition("/")[2], page) for path, page in PAGES.items()}
    with kubernetes_api(table) as client:
        api = KubernetesApi(client.configuration.host)
        missing = asyncio.run(missing_certificates(api, "letsencrypt", [WANTED]))
        return asyncio.run(reasons(api, "letsencrypt", missing))


def test_an_issued_certificate_is_not_missing_and_takes_one_request() -> None:
    with kubernetes_api({f"{CORE}/certificates": [certificate(ready("True"))]}) as client:
        api = KubernetesApi(client.configuration.host)
        assert not asyncio.run(missing_certificates(api, "letsencrypt", [WANTED]))


def test_a_certificate_of_another_issuer_is_missing() -> None:
    other = [certificate(ready("True"), "letsencrypt-staging")]
    assert told(certificates=other) == [
        "web.example.com: cert-manager has not requested the certificate yet"
    ]
    assert told(certificates=[]) == told(certificates=other)


def test_the_reason_is_the_last_steps_own() -> None:
    request = one("web-tls-1", {}, ready("False", "Waiting for the order"))
    order = one("web-tls-1-2", {}, {"state": "errored", "reason": "429 rateLimited"})
    challenge = {"dnsName": "web.example.com"}
    old = one("a", challenge, {"state": "invalid", "reason": "no such host"}, day=1)
    new = one("b", challenge, {"state": "invalid", "reason": "CAA forbids it"}, day=2)
    others = one("c", {"dnsName": "api.example.com"}, {"reason": "of another host"}, day=3)
    assert told() == ["web.example.com: Issuing certificate"]
    assert told(certificaterequests=[request]) == ["web.example.com: Waiting for the order"]
    steps: dict[str, Any] = {"certificaterequests": [request], "orders": [order]}
    assert told(**steps) == ["web.example.com: 429 rateLimited"]
    new_order = one("web-tls-2-2", {}, {}, day=2)
    late = steps | {"orders": [order, new_order]}
    assert told(**late) == ["web.example.com: the ACME server has not answered yet"]
    steps["challenges"] = [new, old, others]
    assert told(**steps) == ["web.example.com: CAA forbids it"]
    steps["letsencrypt"] = {"status": ready("False", "the server does not answer")}
    assert told(**steps) == ["web.example.com: the server does not answer"]


class Patched:
    """An API server that notes patches."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    async def patch(self, path: str, document: Any) -> None:
        self.done.append((path, document))


def test_a_rejected_certificate_is_requested_again_at_once() -> None:
    api = Patched()
    other = WANTED._replace(name="api-tls")
    missing = {WANTED: certificate(REJECTED), other: certificate(ready("False"))}
    asyncio.run(retry(cast(KubernetesApi, api), missing))
    path = f"{CORE}/namespaces/web/certificates/web-tls/status"
    assert api.done == [(path, {"status": {"lastFailureTime": None}})]


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        (PAGES, ["certificates: after 0 s, web.example.com: Issuing certificate. "]),
        (PAGES | {f"{CORE}/certificates": [certificate(ready("True"))]}, []),
        (
            PAGES | {f"{CORE}/certificates": [certificate(REJECTED)]},
            ["certificates: web.example.com: rejected. "],
        ),
        ({}, ["HTTP 404"]),
    ],
)
def test_an_up_warns_once_and_does_not_fail(
    pages: dict[str, Any], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(module, "retry", AsyncMock())
    monkeypatch.setattr(pulumi, "warn", warnings.append)
    with kubernetes_api(pages) as client:
        server = client.configuration.host

        def program() -> pulumi.Output[bool]:
            from pulumi_kubernetes.networking.v1 import Ingress

            access = ClusterAccess(pulumi.Output.secret(kubeconfig(server)))
            ingresses = [
                Ingress(
                    name,
                    metadata={"name": name, "namespace": "web", "annotations": annotations},
                    spec={"tls": [{"hosts": [host], "secretName": f"{name}-tls"}]},
                )
                for name, host, annotations in (
                    ("web", "web.example.com", {CLUSTER_ISSUER: "letsencrypt"}),
                    ("own", "own.example.com", {}),
                )
            ]
            return wait_for_certificates("letsencrypt", ingresses, access, 0)

        _, done = run(program)
    assert done is True
    assert len(warnings) == len(said)
    assert all(found.startswith(line) for found, line in zip(warnings, said, strict=True))


def test_the_default_timeout_is_two_minutes() -> None:
    assert HttpsArgs(email="ops@example.com").timeout_seconds == 120
