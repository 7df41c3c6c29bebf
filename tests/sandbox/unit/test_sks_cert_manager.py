"""Which programs of cert-manager run for simulated pods, and with which arguments."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from sandbox.paths import private_directory
from sandbox.sks.backends import balancer_addresses, solver_pods
from sandbox.sks.cert_manager import MISSING, CertManager
from sandbox.sks.layout import ClusterFiles
from tests.support.kubernetes_api import Pages, kubernetes_api
from tests.support.polling import eventually

PODS, SERVICES = "/api/v1/pods", "/api/v1/services"
CERT_MANAGER = "/apis/cert-manager.io/v1"
USER = "system:serviceaccount:cert-manager:controller"


def pod(name: str, component: str, *arguments: str, ready: bool = True) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "cert-manager", "uid": f"uid-{name}"},
        "spec": {
            "serviceAccountName": component,
            "containers": [
                {
                    "name": component,
                    "image": f"quay.io/jetstack/cert-manager-{component}:v1.21.2",
                    "args": list(arguments),
                }
            ],
        },
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


@dataclass
class Plane:
    """What the programs need of a control plane."""

    api_client: client.ApiClient
    files: ClusterFiles
    pod_ports: dict[str, int] = field(default_factory=dict)
    issued: list[tuple[str, list[str]]] = field(default_factory=list)
    record: Any = field(default_factory=lambda: SimpleNamespace(name="web"))

    def new_api_client(self) -> client.ApiClient:
        return self.api_client

    def issue_kubeconfig(self, user: str, groups: list[str], _: object) -> str:
        self.issued.append((user, groups))
        return "kind: Config\n"


@pytest.fixture
def pages() -> Pages:
    return {PODS: [], f"{CERT_MANAGER}/issuers": [], f"{CERT_MANAGER}/clusterissuers": []}


@pytest.fixture
def patches() -> dict[str, Any]:
    """What was sent to the API server, by path."""
    return {}


@pytest.fixture
def plane(pages: Pages, patches: dict[str, Any], tmp_path: Path) -> Iterator[Plane]:
    files = ClusterFiles(tmp_path)
    for folder in (files.config, files.logs, files.run):
        private_directory(folder)
    with kubernetes_api(pages, patches=patches) as api_client:
        yield Plane(api_client, files)


@pytest.fixture
def programs(plane: Plane, tmp_path: Path) -> Iterator[CertManager]:
    program = tmp_path / "cert-manager"
    program.write_text('#!/bin/sh\necho "$PROXY" "$@"\nexec sleep 60\n')
    program.chmod(0o755)
    programs = CertManager(plane, program, {"PROXY": "socks5://proxy"})  # type: ignore[arg-type]
    programs.start()
    try:
        yield programs
    finally:
        programs.stop()
        programs.join()


def said(plane: Plane, name: str) -> str:
    log = plane.files.logs / f"{name}.log"
    return eventually(lambda: log.read_text() if log.exists() else "", within=20)


def test_one_ready_pod_of_a_component_runs_as_its_service_account(
    plane: Plane, pages: Pages, programs: CertManager
) -> None:
    namespace = "--leader-election-namespace=$(POD_NAMESPACE)"
    pages[PODS] = [
        pod("starting", "controller", ready=False),
        pod("first", "controller", namespace),
        pod("second", "controller", namespace),
    ]
    assert said(plane, "cert-manager-controller") == (
        "socks5://proxy controller --leader-election-namespace=cert-manager "
        f"--kubeconfig={plane.files.kubeconfig('cert-manager-controller')} "
        "--internal-healthz-listen-address=127.0.0.1:0\n"
    )
    groups = ["system:serviceaccounts", "system:serviceaccounts:cert-manager"]
    assert plane.issued == [(USER, groups)]
    assert [*plane.pod_ports] == ["uid-first"]
    pages[PODS] = [pod("second", "controller", namespace)]
    eventually(lambda: [*plane.pod_ports] == ["uid-second"], within=20)
    pages[PODS] = []
    eventually(lambda: not plane.pod_ports and not [*plane.files.run.iterdir()], within=20)


def test_the_controller_registers_accounts_again(
    plane: Plane, pages: Pages, patches: dict[str, Any], programs: CertManager
) -> None:
    registered = {"status": {"acme": {"lastPrivateKeyHash": "c2hvcA=="}}}
    pages[f"{CERT_MANAGER}/issuers"] = [{"metadata": {"name": "own", "namespace": "shop"}}]
    pages[f"{CERT_MANAGER}/issuers"].append(
        {"metadata": {"name": "acme", "namespace": "shop"}, **registered}
    )
    pages[f"{CERT_MANAGER}/clusterissuers"] = [{"metadata": {"name": "letsencrypt"}, **registered}]
    pages[PODS] = [pod("first", "controller")]
    said(plane, "cert-manager-controller")
    change = {"status": {"acme": {"lastPrivateKeyHash": ""}}}
    assert patches == {
        f"{CERT_MANAGER}/namespaces/shop/issuers/acme/status": change,
        f"{CERT_MANAGER}/clusterissuers/letsencrypt/status": change,
    }


def test_each_solver_runs_on_a_port_of_its_own(
    plane: Plane, pages: Pages, programs: CertManager
) -> None:
    pages[PODS] = [pod(name, "acmesolver", f"--token={name}") for name in ("a", "b")]
    eventually(lambda: len(plane.pod_ports) == 2, within=20)
    for name in ("a", "b"):
        port = plane.pod_ports[f"uid-{name}"]
        own = f"acmesolver --token={name} --listen-port={port}\n"
        assert said(plane, f"cert-manager-acmesolver-uid-{name}").endswith(own)
    assert plane.issued == []


def test_without_the_program_a_warning_tells_how_to_install_it(
    plane: Plane, pages: Pages, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pages[PODS] = [pod("first", "controller")]
    programs = CertManager(plane, tmp_path / "missing", {})  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            programs.look()
    assert caplog.messages == [f"cluster web: {MISSING}"]
    assert plane.pod_ports == {}


@pytest.mark.parametrize(
    ("script", "phase"), [("exit 0", "Succeeded"), ("exit 1", None), (None, "Failed")]
)
def test_the_pod_of_the_startup_check_ends_as_the_check_does(
    plane: Plane,
    pages: Pages,
    patches: dict[str, Any],
    tmp_path: Path,
    script: str | None,
    phase: str | None,
) -> None:
    check = pod("check", "startupapicheck", "check", "api", "--wait=1m")
    status = {"name": "c", "image": "i", "imageID": "", "ready": True, "restartCount": 0}
    check["status"] |= {"phase": "Running", "containerStatuses": [status]}
    pages[PODS] = [check]
    program = tmp_path / "cert-manager"
    if script:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    CertManager(plane, program, {}).look()  # type: ignore[arg-type]
    assert {path: body["status"]["phase"] for path, body in patches.items()} == (
        {"/api/v1/namespaces/cert-manager/pods/check/status": phase} if phase else {}
    )


def test_a_challenge_leads_to_the_pods_of_its_ingress(plane: Plane, pages: Pages) -> None:
    service = {"service": {"name": "solver", "port": {"number": 80}}}
    path = {"path": "/token", "pathType": "Exact", "backend": service}
    ingress: dict[str, Any] = {
        "metadata": {"name": "solver", "namespace": "shop"},
        "spec": {
            "ingressClassName": "nginx",
            "rules": [{"host": "shop.example.com", "http": {"paths": [path]}}],
        },
    }
    solver = {
        "metadata": {"name": "solver", "namespace": "shop"},
        "spec": {"selector": {"app": "solver"}, "ports": [{"port": 8089}]},
    }
    classes = "/apis/networking.k8s.io/v1/ingressclasses"
    nginx = {"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}
    pages |= {
        classes: [nginx],
        "/apis/networking.k8s.io/v1/ingresses": [ingress],
        "/api/v1/namespaces/shop/services/solver": solver,
        "/api/v1/namespaces/shop/pods": [pod("solver", "acmesolver")],
    }

    def found(host: str, path: str) -> list[str]:
        return [each.metadata.uid for each in solver_pods(plane.api_client, host, path)]

    assert found("shop.example.com", "/token") == ["uid-solver"]
    assert found("shop.example.com", "/other") == []
    assert found("other.example.com", "/token") == []
    pages[classes] = []
    assert found("shop.example.com", "/token") == []


def test_a_load_balancer_needs_the_port_and_a_ready_pod(plane: Plane, pages: Pages) -> None:
    pages[SERVICES] = [
        {
            "metadata": {"name": "nginx", "namespace": "shop"},
            "spec": {"selector": {"app": "nginx"}, "ports": [{"port": 80}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}},
        }
    ]
    pages["/api/v1/namespaces/shop/pods"] = [pod("nginx", "controller")]
    assert balancer_addresses(plane.api_client, 80) == {"203.0.113.7"}
    assert balancer_addresses(plane.api_client, 443) == set()
    pages["/api/v1/namespaces/shop/pods"] = [pod("nginx", "controller", ready=False)]
    assert balancer_addresses(plane.api_client, 80) == set()
