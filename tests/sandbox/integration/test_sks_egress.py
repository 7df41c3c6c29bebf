"""An API server's calls: they end on this machine, whatever the environment's proxy, with a reason.

The cluster's audit log and OIDC issuer are elsewhere.
"""

import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client

from sandbox.daemon.__main__ import bypass_proxy_for_loopback
from tests.support.polling import eventually
from tests.support.sks_account import SksAccount, account_with_cluster

pytestmark = pytest.mark.integration

ELSEWHERE = "the sandbox lets nothing leave this machine"
NO_CONTAINERS = "the sandbox runs no containers: nothing answers at"


@pytest.fixture(scope="module")
def proxied() -> Iterator[list[bytes]]:
    """What was sent to the proxy that the environment names."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.MonkeyPatch.context() as patch:

        def record() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    seen.append(connection.recv(4096))

        threading.Thread(target=record, daemon=True).start()
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            patch.setenv(name, f"http://127.0.0.1:{listener.getsockname()[1]}")
            patch.delenv(name.lower(), raising=False)
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "")
        bypass_proxy_for_loopback()
        yield seen
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def said() -> Iterator[list[str]]:
    """What the daemon's log would have of such calls."""
    messages: list[str] = []
    handler, logger = logging.Handler(), logging.getLogger("sandbox.sks.egress")
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)


@pytest.fixture(scope="module")
def account(
    tmp_path_factory: pytest.TempPathFactory, proxied: list[bytes], said: list[str]
) -> Iterator[SksAccount]:
    audit = {"enabled": True, "endpoint": "https://audit.example.com", "bearer-token": "s3cret"}
    oidc = {"client-id": "kube", "issuer-url": "https://issuer.example.com"}
    home = tmp_path_factory.mktemp("egress")
    with account_with_cluster(home, nodes=1, audit=audit, oidc=oidc) as account:
        yield account


@pytest.mark.parametrize("host", ["audit.example.com", "issuer.example.com"])
def test_audit_log_and_issuer_are_not_reached_elsewhere(
    account: SksAccount, said: list[str], host: str
) -> None:
    eventually(lambda: f"cluster web: {ELSEWHERE}: {host}:443 is elsewhere" in said)


def refusal(account: SksAccount, name: str, destination: dict[str, Any]) -> str:
    """The words in which the API server refuses an object, for its webhook does not answer."""
    api = client.AdmissionregistrationV1Api(account.api_client)
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
    webhook = {
        "name": f"{name}.example.com",
        "rules": [{**rule, "operations": ["CREATE"]}],
        "objectSelector": {"matchLabels": {"for": name}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "clientConfig": destination,
    }
    api.create_validating_webhook_configuration({"metadata": {"name": name}, "webhooks": [webhook]})
    asked = {"metadata": {"generateName": f"{name}-", "labels": {"for": name}}}

    def refused() -> str:
        try:
            account.core.create_namespaced_config_map("default", asked)
        except client.ApiException as error:
            return str(error.body)
        return ""  # the webhook is not in force yet

    try:
        return eventually(refused)
    finally:
        api.delete_validating_webhook_configuration(name)


def test_a_webhook_elsewhere_is_not_called(account: SksAccount) -> None:
    words = refusal(account, "elsewhere", {"url": "https://webhook.example.com/validate"})
    assert f"{ELSEWHERE}: webhook.example.com:443 is elsewhere" in words


def service(account: SksAccount, name: str) -> str:
    """Where a new Service of the pods that have its name as a label is, as a reason has it."""
    ports = [{"port": 443, "targetPort": "webhook"}]
    made = account.core.create_namespaced_service(
        "default",
        {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": ports}},
    )
    return f"{name}.default.svc:443 ({made.spec.cluster_ip})"


def test_a_webhook_without_pods_refuses(account: SksAccount) -> None:
    where = service(account, "dead")
    words = refusal(account, "dead", {"service": {"namespace": "default", "name": "dead"}})
    assert f"connection refused: no pod is ready behind {where}" in words


def test_a_webhook_of_simulated_pods_is_not_answered(account: SksAccount) -> None:
    where = service(account, "mute")
    container = {
        "name": "controller",
        "image": "registry.k8s.io/ingress-nginx/controller:v1.15.1",
        "ports": [{"name": "webhook", "containerPort": 8443}],
    }
    account.core.create_namespaced_pod(
        "default",
        {
            "metadata": {"name": "mute", "labels": {"app": "mute"}},
            "spec": {"containers": [container]},
        },
    )

    def running() -> bool:
        status = account.core.read_namespaced_pod("mute", "default").status
        return bool(status.phase == "Running")

    eventually(running)
    words = refusal(account, "mute", {"service": {"namespace": "default", "name": "mute"}})
    assert f"{NO_CONTAINERS} {where}" in words


def test_kubelets_are_reached_and_pods_are_not(account: SksAccount) -> None:
    with pytest.raises(client.ApiException, match="no logs found for container"):
        account.core.read_namespaced_pod_log("mute", "default")
    with pytest.raises(client.ApiException, match=NO_CONTAINERS):
        account.core.connect_get_namespaced_pod_proxy("mute:8080", "default")


def test_nothing_was_sent_to_the_proxy(account: SksAccount, proxied: list[bytes]) -> None:
    assert proxied == []
