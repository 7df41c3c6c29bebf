"""The ingress controller's admission webhook: what it refuses beside the Ingresses that are there.

Of the stack `local`; nothing of these tests stays.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client, config

from tests.support.kube import Kube
from tests.support.stack import Stack

pytestmark = pytest.mark.integration

NGINX = "nginx.ingress.kubernetes.io/"
NAMESPACE = "default"
REGULAR_EXPRESSION = "/rickroller(/|$)(.*)"
OWN = "rickroller-506954d3"
"""The stack's own Ingress."""


@pytest.fixture(scope="module")
def api(stack: Stack, kube: Kube) -> Iterator[client.NetworkingV1Api]:
    api = client.NetworkingV1Api(config.new_client_from_config(str(kube.kubeconfig)))
    yield api
    api.delete_collection_namespaced_ingress(NAMESPACE)


def ingress(
    name: str,
    path: str = "/",
    path_type: str = "Prefix",
    class_name: str = "nginx",
    **annotations: str,
) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = [{"path": path, "pathType": path_type, "backend": backend}]
    given = {f"{NGINX}{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {
        "metadata": {"name": name, "annotations": given},
        "spec": {"ingressClassName": class_name, "rules": [{"http": {"paths": paths}}]},
    }


def test_a_good_ingress_is_admitted(api: client.NetworkingV1Api) -> None:
    api.create_namespaced_ingress(NAMESPACE, ingress("good", "/good", x_forwarded_prefix="/good"))
    api.patch_namespaced_ingress("good", NAMESPACE, {"metadata": {"labels": {"a": "b"}}})


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (
            ingress("second", REGULAR_EXPRESSION, "ImplementationSpecific", use_regex="true"),
            f'host "_" and path "{REGULAR_EXPRESSION}" is already defined in ingress test/{OWN}',
        ),
        (
            ingress("tutorial", "/other(/|$)(.*)", use_regex="true"),
            "ingress contains invalid paths: path /other(/|$)(.*) cannot be used with pathType "
            "Prefix",
        ),
        (
            ingress("value", "/value", limit_rps="many"),
            f"annotation {NGINX}limit-rps contains invalid value",
        ),
        (
            ingress("snippet", "/snippet", configuration_snippet="return 200;"),
            f"{NGINX}configuration-snippet annotation cannot be used. "
            "Snippet directives are disabled by the Ingress administrator",
        ),
    ],
)
def test_a_bad_ingress_is_refused(
    api: client.NetworkingV1Api, asked: dict[str, Any], reason: str
) -> None:
    with pytest.raises(client.ApiException) as refused:
        api.create_namespaced_ingress(NAMESPACE, asked)
    words = client.V1Status.from_json(refused.value.body).message
    assert refused.value.status == 400
    assert words == (
        f'admission webhook "validate.nginx.ingress.kubernetes.io" denied the request: {reason}'
    )


def test_a_change_is_looked_at_too(api: client.NetworkingV1Api) -> None:
    change = {"metadata": {"annotations": {f"{NGINX}server-snippet": "return 200;"}}}
    with pytest.raises(client.ApiException, match="server-snippet annotation cannot be used"):
        api.patch_namespaced_ingress(OWN, "test", change)


def test_another_classs_ingresses_pass(api: client.NetworkingV1Api) -> None:
    api.create_namespaced_ingress(NAMESPACE, ingress("other", "/(.*)", class_name="another"))


def test_without_ready_pods_the_webhook_refuses_as_a_real_one(
    kube: Kube, api: client.NetworkingV1Api
) -> None:
    controller = ("daemonset", "ingress-nginx-controller", "--namespace", "ingress-nginx")
    nowhere = '{"spec": {"template": {"spec": {"nodeSelector": {"no": "node"}}}}}'
    kube.run("kubectl", "patch", *controller, "--patch", nowhere)
    kube.run("kubectl", "rollout", "status", *controller)
    try:
        with pytest.raises(client.ApiException, match="connection refused: no pod is ready behind"):
            api.create_namespaced_ingress(NAMESPACE, ingress("down", "/down"))
    finally:
        kube.run("kubectl", "rollout", "undo", *controller)
        kube.run("kubectl", "rollout", "status", *controller)
    api.create_namespaced_ingress(NAMESPACE, ingress("down", "/down"))


def test_the_stack_is_as_it_was(stack: Stack) -> None:
    stack("preview", "--refresh", "--expect-no-changes")
