"""Of two applications, one below the other's path, the longer path wins: real requests to Traefik.

ingress-nginx can't run here; what it does with the same Ingresses is in its source, which
`stack/checks/routes.py` names.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.images.wheels import TRAEFIK, ensure_programs
from sandbox.progress import Progress
from sandbox.sks.ports import free_ports
from stack.checks.routes import route_conflicts
from tests.program.manifests import declared
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually

pytestmark = pytest.mark.integration

NAMESPACE = "longer-path"
HOST = "kept.example.com"
KEPT = {"rewrite": False}
APPS: list[dict[str, Any]] = [
    {"name": "api", "path": "/api"},
    {"name": "auth", "path": "/api/auth"},
    {"name": "site", "path": "/site", "ingress": KEPT},
    {"name": "shop", "path": "/site/shop"},
    {"name": "docs", "path": "/docs", "host": HOST, "ingress": KEPT},
    {"name": "guide", "path": "/docs/guide", "host": HOST, "ingress": KEPT},
    {"name": "rest", "path": "/"},
]
"""On the first host some paths are taken off, on the other one none is."""

CONFUSED: list[dict[str, Any]] = [
    {"name": "outer", "path": "/outer", "host": "confused.example.com"},
    {"name": "inner", "path": "/outer/in", "host": "confused.example.com", "ingress": KEPT},
]
"""What the preview refuses."""

Ask = Callable[..., str]


@contextmanager
def server(name: str) -> Iterator[int]:
    """The port of an application that answers its name, and the path that it sees."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"{name} {self.path}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield served.server_address[1]
        finally:
            served.shutdown()


def objects(ports: dict[str, int]) -> list[dict[str, Any]]:
    """The program's Ingresses, and Services that lead to the servers in place of pods."""
    apps = [
        {"image": "example/web:1", "namespace": NAMESPACE, "servicePort": ports[app["name"]], **app}
        for app in (*APPS, *CONFUSED)
    ]
    settings = {
        "existingCluster": {"kubeconfig": "{}"},
        "ingress": {"controller": "traefik"},
        "apps": apps,
    }
    ingresses = [each for each in declared(settings) if each["kind"] == "Ingress"]
    assert len(ingresses) == len(ports)
    services = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {
                "type": "ExternalName",
                "externalName": "localhost",
                "ports": [{"port": port}],
            },
        }
        for name, port in ports.items()
    ]
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    ingress_class = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "nginx"},
        "spec": {"controller": "k8s.io/ingress-nginx"},
    }
    return [namespace, ingress_class, *services, *ingresses]


@pytest.fixture(scope="module")
def ask(
    sandbox: Sandbox, cluster_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ask]:
    """Asks Traefik for a path, once it has read all Ingresses."""
    ensure_programs(Progress())
    folder = tmp_path_factory.mktemp("traefik")
    (port,) = free_ports(1)

    def answer(path: str, host: str = "other.example.com") -> str:
        try:
            url = f"http://127.0.0.1:{port}{path}"
            page = requests.get(url, headers={"Host": host}, timeout=10)
        except requests.ConnectionError:
            return ""
        return page.text if page.ok else ""

    with ExitStack() as running:
        ports = {
            app["name"]: running.enter_context(server(app["name"])) for app in (*APPS, *CONFUSED)
        }
        kube = Kube(cluster_kubeconfig, sandbox.environment)
        manifest = {"apiVersion": "v1", "kind": "List", "items": objects(ports)}
        kube.run("kubectl", "apply", "-f", "-", stdin=json.dumps(manifest))
        command = [
            str(TRAEFIK),
            f"--entrypoints.web.address=127.0.0.1:{port}",
            "--providers.kubernetesingressnginx=true",
            "--providers.kubernetesingressnginx.proxyrequestbuffering=true",
        ]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, "KUBECONFIG": str(cluster_kubeconfig)},
                stdout=log,
                stderr=log,
            )
        try:
            eventually(lambda: all(answer(app["path"], app.get("host", "x")) for app in APPS))
            yield answer
        finally:
            process.kill()
            process.wait()
            # other tests have a controller of their own on this cluster
            kube.run("kubectl", "delete", "ingressclass/nginx", f"namespace/{NAMESPACE}")


def test_the_preview_takes_them() -> None:
    assert route_conflicts(APPS) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api", "api /"),
        ("/api/users", "api /users"),
        ("/api/authors", "api /authors"),
        ("/api/auth", "auth /"),
        ("/api/auth/", "auth /"),
        ("/api/auth/login", "auth /login"),
        ("/site/page", "site /site/page"),
        ("/site/shopping", "site /site/shopping"),
        ("/site/shop/cart", "shop /cart"),
        ("/elsewhere", "rest /elsewhere"),
    ],
)
def test_the_longer_path_wins(ask: Ask, path: str, expected: str) -> None:
    assert ask(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/docs/page", "docs /docs/page"),
        ("/docs/guides", "docs /docs/guides"),
        ("/docs/guide", "guide /docs/guide"),
        ("/docs/guide/page", "guide /docs/guide/page"),
    ],
)
def test_it_does_where_no_path_is_taken_off(ask: Ask, path: str, expected: str) -> None:
    assert ask(path, HOST) == expected


def test_what_the_preview_refuses_would_go_to_another(ask: Ask) -> None:
    assert len(route_conflicts(CONFUSED)) == 1
    assert ask("/outer/in/page", "confused.example.com") == "outer /in/page"
