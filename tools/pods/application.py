"""The applications that a stack has deployed, and the pods of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from components.database.names import backup_name, database_name
from components.manifests.labels import INSTANCE, NAME
from tools.cluster import cluster_client
from tools.existing_stack import app_namespaces, check_stack, stack_outputs
from tools.pods.api import Api
from tools.pulumi_command import ToolError

MANAGED_BY = "app.kubernetes.io/managed-by"
MAKE_RUN = "make-run"
"""The value of the label `managed-by` of what `make run` creates."""


class Application(NamedTuple):
    """A deployed application."""

    name: str
    namespace: str

    @property
    def pods(self) -> str:
        """The API path of the pods in its namespace."""
        return f"/api/v1/namespaces/{self.namespace}/pods"


class Pod(NamedTuple):
    """A pod of an application, as the API server returns it.

    Attributes:
        kind: web, worker, job, run, database or backup.
        part: the name of the worker or job without the application's; of other pods empty.
    """

    body: Mapping[str, Any]
    kind: str
    part: str = ""

    @property
    def name(self) -> str:
        """The pod's name."""
        return str(self.body["metadata"]["name"])


@contextmanager
def deployed(
    stack: str, folder: Path, *, read_only: bool
) -> Iterator[tuple[Api, dict[str, Application]]]:
    """Yields the API server of the stack's cluster, and the deployed applications by name.

    Args:
        read_only: use the read-only kubeconfig, if the stack has one.

    Raises:
        ToolError: the stack is not deployed, or its cluster does not respond.
    """
    check_stack(stack, folder)
    outputs = stack_outputs(stack, folder, "--show-secrets")
    if "kubeconfig" not in outputs:
        how = f"run `pulumi up --stack {stack}`, or `make up` for the stack local"
        raise ToolError(f"{stack}: it is not deployed: {how}")
    apps = {name: Application(name, place) for name, place in app_namespaces(outputs).items()}
    with cluster_client(stack, outputs, folder, read_only=read_only) as client:
        yield Api(client), apps


def named(name: str, apps: Mapping[str, Application]) -> Application:
    """Returns the application of this name.

    Raises:
        ToolError: it is not deployed. The message lists the applications that are.
    """
    if name not in apps:
        known = ", ".join(apps) or "none"
        raise ToolError(f"APP: {json.dumps(name)}: must be a deployed application: {known}")
    return apps[name]


def selected(name: str, apps: Mapping[str, Application]) -> list[Application]:
    """Returns the application of this name, or all applications if the name is empty.

    Raises:
        ToolError: it is not deployed.
    """
    return [named(name, apps)] if name else [*apps.values()]


def pods_of(api: Api, app: Application) -> list[Pod]:
    """Returns the pods of the application, its workers, its jobs and its database, oldest first."""
    selector = web_selector(api, app)
    web = api.items(app.pods, labelSelector=selector) if selector else []
    found = {each["metadata"]["uid"]: _pod(app.name, each) for each in _instance(api, app)}
    found |= {each["metadata"]["uid"]: Pod(each, "web") for each in web}
    return sorted(
        found.values(), key=lambda pod: (pod.body["metadata"]["creationTimestamp"], pod.name)
    )


def _instance(api: Api, app: Application) -> list[dict[str, Any]]:
    return api.items(app.pods, labelSelector=f"{INSTANCE}={app.name}")


def web_selector(api: Api, app: Application) -> str:
    """Returns the selector of the application's own Deployment; empty if it has none."""
    path = f"/apis/apps/v1/namespaces/{app.namespace}/deployments/{app.name}"
    deployment = api.find(path)
    labels = deployment["spec"]["selector"].get("matchLabels", {}) if deployment else {}
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _pod(app: str, body: Mapping[str, Any]) -> Pod:
    metadata = body["metadata"]
    labels = metadata["labels"]
    name = labels.get(NAME, app)
    if labels.get(MANAGED_BY) == MAKE_RUN:
        return Pod(body, "run")
    if name == database_name(app):
        return Pod(body, "database", "db")
    if name == backup_name(app):
        return Pod(body, "backup", "db-backup")
    owners = {each["kind"] for each in metadata.get("ownerReferences", ())}
    return Pod(body, "job" if "Job" in owners else "worker", name.removeprefix(f"{app}-"))
