"""ingress-nginx is refused in one line where its image can't be pulled."""

from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from sandbox.sks.ingress_nginx import image
from tests.support.polling import eventually
from tests.support.sks_account import account_with_cluster

pytestmark = pytest.mark.integration

CONTROLLER = "registry.k8s.io/ingress-nginx/controller:v1.15.1"


def workload(name: str, container_image: str) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "controller", "image": container_image}
    return {
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def refusal(api_client: client.ApiClient, container_image: str) -> str:
    """What the API server says to a DaemonSet with the image; nothing if it takes it."""
    apps = client.AppsV1Api(api_client)
    try:
        apps.create_namespaced_daemon_set(
            "default", workload("controller", container_image), dry_run="All"
        )
    except client.ApiException as error:
        return str(error.body)
    return ""


def test_it_is_refused_while_its_registry_is_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "unreachable_hosts", lambda addresses: ["registry.k8s.io"])
    with account_with_cluster(tmp_path, nodes=0) as account:
        api_client = account.api_client
        image.reconcile(api_client)
        image.reconcile(api_client)  # as each start of the cluster does
        said = eventually(lambda: refusal(api_client, CONTROLLER), within=20)
        assert image.MESSAGE in said
        assert not refusal(api_client, "docker.io/traefik:v3.7.11")
        monkeypatch.setattr(image, "unreachable_hosts", lambda addresses: [])
        image.reconcile(api_client)
        eventually(lambda: not refusal(api_client, CONTROLLER), within=20)
