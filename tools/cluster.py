"""A stack's cluster and the pods of its applications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException, new_client_from_config_dict
from urllib3.exceptions import HTTPError

from components.web_app.names import part_name
from tools.existing_stack import stack_outputs, stack_settings
from tools.pulumi_command import ToolError


@contextmanager
def cluster_client(
    stack: str, outputs: Mapping[str, Any], folder: Path, *, read_only: bool = False
) -> Iterator[client.ApiClient]:
    """Returns a client of the stack's cluster, with the kubeconfig in the stack's outputs.

    The kubeconfig is not written to a file, except for its certificates and key: until the end, the
    client keeps them in temporary files that only the user can read.

    Args:
        read_only: use the read-only kubeconfig, if the stack has one.

    Raises:
        ToolError: the cluster does not respond, or responds with an error.
    """
    output = "read_only_kubeconfig" if read_only else "kubeconfig"
    kubeconfig = yaml.safe_load(outputs.get(output) or outputs["kubeconfig"])
    context = stack_settings(stack, folder).get("existingCluster", {}).get("context")
    try:
        with new_client_from_config_dict(kubeconfig, context, persist_config=False) as api:
            yield api
    except (ApiException, HTTPError, ConfigException) as error:
        reason = getattr(error, "reason", None) or error
        raise ToolError(f"{stack}: the cluster does not respond: {reason}") from None


def ready_pods(stack: str, folder: Path) -> dict[str, list[Any]]:
    """Returns the ready pods of each deployed application and its workers, by the applications'
    names.

    Raises:
        ToolError: the cluster does not respond, or responds with an error.
    """
    outputs = stack_outputs(stack, folder, "--show-secrets")
    if "kubeconfig" not in outputs:
        return {}
    apps = {app["name"]: app for app in stack_settings(stack, folder).get("apps", ())}
    with cluster_client(stack, outputs, folder) as api:
        return {
            name: [
                pod
                for deployment in _deployments(app)
                for pod in _pods(api, deployment, outputs[f"{name}_namespace"])
            ]
            for name, app in apps.items()
            if f"{name}_namespace" in outputs
        }


def _deployments(app: Mapping[str, Any]) -> list[str]:
    """Returns the names of the Deployments of an application in the stack's file."""
    workers = app.get("workers", ())
    return [app["name"], *(part_name(app["name"], each["name"]) for each in workers)]


def _pods(api: client.ApiClient, name: str, namespace: str) -> Iterator[Any]:
    """Yields the ready pods of a Deployment, which may not exist."""
    try:
        deployment = client.AppsV1Api(api).read_namespaced_deployment(name, namespace)
    except ApiException as error:
        if error.status == 404:
            return
        raise
    labels = deployment.spec.selector.match_labels
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    for pod in client.CoreV1Api(api).list_namespaced_pod(namespace, label_selector=selector).items:
        conditions = {each.type: each.status for each in pod.status.conditions or ()}
        if conditions.get("Ready") == "True" and not pod.metadata.deletion_timestamp:
            yield pod
