"""What a stack's cluster says of its applications' pods."""

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

from tools.existing_stack import stack_outputs, stack_settings
from tools.pulumi_command import ToolError


@contextmanager
def cluster_client(
    stack: str, outputs: Mapping[str, Any], folder: Path
) -> Iterator[client.ApiClient]:
    """A client of the stack's cluster, by the kubeconfig that is among its outputs.

    The kubeconfig is not written anywhere, but for the certificates and the key in it, which the
    client has in temporary files of the user's own until the end.

    Raises:
        ToolError: if the cluster does not answer, or not as it should.
    """
    kubeconfig = yaml.safe_load(outputs["kubeconfig"])
    context = stack_settings(stack, folder).get("existingCluster", {}).get("context")
    try:
        with new_client_from_config_dict(kubeconfig, context, persist_config=False) as api:
            yield api
    except (ApiException, HTTPError, ConfigException) as error:
        reason = getattr(error, "reason", None) or error
        raise ToolError(f"{stack}: its cluster can't be asked: {reason}") from None


def ready_pods(stack: str, folder: Path) -> dict[str, list[Any]]:
    """The pods that are ready, of each application that is deployed, by the applications' names.

    Raises:
        ToolError: if the cluster does not answer, or not as it should.
    """
    outputs = stack_outputs(stack, folder, "--show-secrets")
    if "kubeconfig" not in outputs:
        return {}
    names = [app["name"] for app in stack_settings(stack, folder).get("apps", ())]
    with cluster_client(stack, outputs, folder) as api:
        return {
            name: list(_pods(api, name, outputs[f"{name}_namespace"]))
            for name in names
            if f"{name}_namespace" in outputs
        }


def _pods(api: client.ApiClient, name: str, namespace: str) -> Iterator[Any]:
    """The ready pods of a Deployment, which may be none."""
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
