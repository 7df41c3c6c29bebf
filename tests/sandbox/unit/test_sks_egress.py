"""What an API server's calls reach, and the reason that it is given where they reach nothing."""

import http.client
import json
import logging
import os
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.sks.egress import Egress, configuration
from sandbox.sks.ingress_nginx.webhook import PLAYED
from sandbox.sks.pki import Authority, new_authority
from sandbox.sks.spec import ClusterSpec
from tests.support.kubernetes_api import Pages, kubernetes_api

CLUSTER = ClusterSpec(name="web", version="1.36.5", zone="ch-gva-2")
NAME = "ingress-nginx-controller-admission"
HOST = f"{NAME}.ingress-nginx.svc"
WHERE = f"{HOST}:443 (10.96.3.7)"
AUTHORITY = new_authority("tests")
SERVER = Authority(AUTHORITY).sign_server(HOST, [HOST])


def service(name: str, address: str, target: str = "webhook", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "ingress-nginx"},
        "spec": {
            "clusterIP": address,
            "clusterIPs": [address],
            "selector": {"app": "nginx"},
            "ports": [{"port": 443, "targetPort": target}],
            **spec,
        },
    }


def pod(annotations: dict[str, str], *, ready: bool = True) -> dict[str, Any]:
    mounted = {"name": "webhook-cert", "secret": {"secretName": "ingress-nginx-admission"}}
    return {
        "metadata": {
            "name": "nginx",
            "namespace": "ingress-nginx",
            "annotations": annotations,
        },
        "spec": {
            "containers": [
                {
                    "name": "controller",
                    "args": [
                        "/nginx-ingress-controller",
                        "--controller-class=k8s.io/ingress-nginx",
                        "--configmap=$(POD_NAMESPACE)/nginx",
                    ],
                }
            ],
            "volumes": [mounted],
        },
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


PLAYED_POD = pod({PLAYED: "ingress-nginx"})
POD_PORTS: dict[str, int] = {}
PODS = "/api/v1/namespaces/ingress-nginx/pods"
SECRET = "/api/v1/namespaces/ingress-nginx/secrets/ingress-nginx-admission"
CONFIG = "/api/v1/namespaces/ingress-nginx/configmaps/nginx"


@pytest.fixture
def pages() -> Pages:
    files = {"cert": SERVER.certificate, "key": SERVER.key}
    data = {name: b64encode(text).decode() for name, text in files.items()}
    nginx = {"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}
    return {
        "/api/v1/services": [
            service("ingress-nginx-controller", "10.96.3.6", "https"),
            service(NAME, "10.96.3.7"),
            service("dead", "10.96.3.8", selector=None),
        ],
        PODS: [PLAYED_POD],
        SECRET: {"metadata": {"name": "ingress-nginx-admission"}, "data": data},
        "/apis/networking.k8s.io/v1/ingressclasses": [nginx],
        "/apis/networking.k8s.io/v1/ingresses": [],
    }


@pytest.fixture
def path(pages: Pages, tmp_path: Path) -> Iterator[Path]:
    """The socket of an egress, in a folder whose path is too long for one."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    with kubernetes_api(pages) as api_client:
        egress = Egress(CLUSTER, folder / "egress.sock", api_client, POD_PORTS, containers=False)
        try:
            yield folder / "egress.sock"
        finally:
            egress.close()
    assert not (folder / "egress.sock").exists()


def connect(path: Path, target: str) -> tuple[socket.socket, str]:
    """A connection through the socket, and the status line that it was answered with."""
    descriptor = os.open(path.parent, os.O_PATH)
    try:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(10)
        connection.connect(f"/proc/self/fd/{descriptor}/{path.name}")
    finally:
        os.close(descriptor)
    connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    answer = connection.recv(4096).decode()
    assert answer.endswith("\r\n\r\n")
    return connection, answer.removeprefix("HTTP/1.1 ").strip()


def refusal(path: Path, target: str) -> str:
    connection, status = connect(path, target)
    assert connection.recv(4096) == b""
    return status


def test_everything_but_etcd_goes_through_it() -> None:
    selections = configuration("run/egress.sock")["egressSelections"]
    assert {found["name"] for found in selections} == {"cluster", "controlplane"}
    for found in selections:
        assert found["connection"]["proxyProtocol"] == "HTTPConnect"
        assert found["connection"]["transport"] == {"uds": {"udsName": "run/egress.sock"}}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_loopback_address_is_connected(path: Path, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def echo() -> None:
            other, _ = listener.accept()
            with other:
                while data := other.recv(4096):
                    other.sendall(data.upper())

        threading.Thread(target=echo, daemon=True).start()
        connection, status = connect(path, f"{host}:{listener.getsockname()[1]}")
        assert status == "200 Connection established"
        connection.sendall(b"ping")
        assert connection.recv(4096) == b"PING"
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(4096) == b""


def test_the_program_of_a_pod_is_connected(
    path: Path, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = pod({})
    run["metadata"]["uid"] = "7f5a"
    pages[PODS] = [run]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setitem(POD_PORTS, "7f5a", listener.getsockname()[1])
        connection, status = connect(path, "10.96.3.6:443")
        assert status == "200 Connection established"
        other, _ = listener.accept()
        with other:
            other.sendall(b"pong")
        assert connection.recv(4096) == b"pong"


def test_nothing_listens_there(path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert refusal(path, f"127.0.0.1:{port}") == f"502 127.0.0.1:{port}: Connection refused"


@pytest.mark.parametrize("target", ["webhook.example.com:443", "192.0.2.1:80", "[2001:db8::1]:443"])
def test_nothing_leaves_the_machine(path: Path, target: str) -> None:
    address = target.replace("[", "").replace("]", "")
    assert refusal(path, target) == (
        f"403 the sandbox lets nothing leave this machine: {address} is elsewhere"
    )


NO_CONTAINERS = "403 the sandbox runs no containers: nothing answers at"


def test_pods_do_not_answer(path: Path, pages: Pages) -> None:
    assert refusal(path, "192.168.0.9:80") == f"{NO_CONTAINERS} 192.168.0.9:80"
    pages[PODS] = [pod({})]
    assert refusal(path, "10.96.3.7:443") == f"{NO_CONTAINERS} {WHERE}"


def test_another_port_of_a_played_pod_does_not_answer(path: Path) -> None:
    where = "ingress-nginx-controller.ingress-nginx.svc:443 (10.96.3.6)"
    assert refusal(path, "10.96.3.6:443") == f"{NO_CONTAINERS} {where}"


def test_a_service_without_ready_pods_refuses(path: Path, pages: Pages) -> None:
    words = "502 connection refused: no pod is ready behind"
    where = "dead.ingress-nginx.svc:443 (10.96.3.8)"
    assert refusal(path, "10.96.3.8:443") == f"{words} {where}"
    for gone in (pod({PLAYED: ""}, ready=False), {**PLAYED_POD, "metadata": deleted()}):
        pages[PODS] = [gone]
        assert refusal(path, "10.96.3.7:443") == f"{words} {WHERE}"


def deleted() -> dict[str, Any]:
    return {**PLAYED_POD["metadata"], "deletionTimestamp": "2026-11-25T08:00:00Z"}


@pytest.mark.parametrize("data", [None, {}, {"cert": "bm8=", "key": "bm8="}])
def test_a_pod_without_its_certificate_refuses(
    path: Path, pages: Pages, data: dict[str, str] | None
) -> None:
    pages[SECRET] = None if data is None else {"metadata": {}, "data": data}
    secret = "ingress-nginx/ingress-nginx-admission"
    assert refusal(path, "10.96.3.7:443") == (
        f"502 connection refused: no certificate in Secret {secret}, for {WHERE}"
    )


def test_each_reason_is_logged_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            refusal(path, "webhook.example.com:443")
    assert caplog.messages == [
        "cluster web: the sandbox lets nothing leave this machine: "
        "webhook.example.com:443 is elsewhere"
    ]


def ask(path: Path, body: object) -> tuple[int, dict[str, Any]]:
    """Post to the webhook as an API server does, with the authority of the configuration."""
    connection, status = connect(path, "10.96.3.7:443")
    assert status == "200 Connection established"
    trusted = ssl.create_default_context(cadata=AUTHORITY.certificate.decode())
    client = http.client.HTTPConnection(HOST)
    client.sock = trusted.wrap_socket(connection, server_hostname=HOST)
    client.request("POST", "/networking/v1/ingresses?timeout=10s", json.dumps(body))
    answer = client.getresponse()
    return answer.status, json.loads(answer.read()) if answer.status == 200 else {}


def ingress(path_type: str = "Prefix", **annotations: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "web", "namespace": "test", "annotations": annotations},
        "spec": {
            "ingressClassName": "nginx",
            "rules": [
                {
                    "http": {
                        "paths": [
                            {
                                "path": "/web(/|$)",
                                "pathType": path_type,
                                "backend": {"service": {"name": "web"}},
                            }
                        ]
                    }
                }
            ],
        },
    }


KIND = {"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"}


def question(asked: dict[str, Any]) -> dict[str, Any]:
    return {"request": {"uid": "u", "kind": KIND, "object": asked}}


def test_an_ingress_is_admitted(path: Path) -> None:
    status, answer = ask(path, question(ingress("ImplementationSpecific")))
    assert status == 200
    assert (answer["apiVersion"], answer["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert answer["response"] == {"uid": "u", "allowed": True}


def test_an_ingress_is_refused(path: Path) -> None:
    words = "path /web(/|$) cannot be used with pathType Prefix"
    _, answer = ask(path, question(ingress()))
    assert answer["response"] == {
        "uid": "u",
        "allowed": False,
        "status": {
            "status": "Failure",
            "code": 400,
            "reason": "BadRequest",
            "message": f"ingress contains invalid paths: {words}",
        },
        "warnings": [words],
    }


def test_the_controllers_config_map_counts(path: Path, pages: Pages) -> None:
    pages[CONFIG] = {"metadata": {}, "data": {"strict-validate-path-type": "false"}}
    assert ask(path, question(ingress()))[1]["response"]["allowed"] is True


@pytest.mark.parametrize("body", [[], {"request": {"uid": "u", "kind": {"kind": "Pod"}}}, "x"])
def test_what_is_no_review_of_an_ingress_is_a_bad_request(path: Path, body: object) -> None:
    assert ask(path, body)[0] == 400


def test_ingresses_that_can_not_be_read_are_an_error(path: Path, pages: Pages) -> None:
    del pages["/apis/networking.k8s.io/v1/ingresses"]
    assert ask(path, question(ingress()))[0] == 500
