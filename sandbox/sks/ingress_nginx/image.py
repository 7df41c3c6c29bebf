"""Rejects ingress-nginx on nodes that run containers if its image can't be pulled.

Otherwise its pods would wait for the image, and Helm for the pods, until the timeout.
"""

from http import HTTPStatus
from typing import Any

from kubernetes import client

from sandbox.toolchain.reach import host, unreachable_hosts

REGISTRY = "https://registry.k8s.io/v2/"
NAME = "ingress-nginx-image"
MESSAGE = (
    f"the image of ingress-nginx can't be pulled, for {host(REGISTRY)} can't be reached: "
    "set ingress.controller to traefik"
)


def reconcile(api_client: client.ApiClient) -> None:
    """Creates the admission policy that rejects workloads with the images, or deletes it."""
    api = client.AdmissionregistrationV1Api(api_client)
    if unreachable_hosts([REGISTRY]):
        _create(api.create_validating_admission_policy, _policy())
        _create(api.create_validating_admission_policy_binding, _binding())
    else:
        _delete(api.delete_validating_admission_policy_binding)
        _delete(api.delete_validating_admission_policy)


def _policy() -> dict[str, Any]:
    def on(group: str, *resources: str) -> dict[str, Any]:
        return {
            "apiGroups": [group],
            "apiVersions": ["v1"],
            "operations": ["CREATE", "UPDATE"],
            "resources": resources,
        }

    images = f"{host(REGISTRY)}/ingress-nginx/"
    return {
        "metadata": {"name": NAME},
        "spec": {
            "matchConstraints": {
                "resourceRules": [on("apps", "daemonsets", "deployments"), on("batch", "jobs")]
            },
            "validations": [
                {
                    "expression": "!object.spec.template.spec.containers.exists("
                    f"each, each.image.startsWith('{images}'))",
                    "message": MESSAGE,
                }
            ],
        },
    }


def _binding() -> dict[str, Any]:
    return {
        "metadata": {"name": NAME},
        "spec": {"policyName": NAME, "validationActions": ["Deny"]},
    }


def _create(create: Any, body: dict[str, Any]) -> None:
    try:
        create(body)
    except client.ApiException as error:
        if error.status != HTTPStatus.CONFLICT:
            raise


def _delete(delete: Any) -> None:
    try:
        delete(NAME)
    except client.ApiException as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
