"""Lists resources that killed runs have created and the state does not have: `make leftovers`.

A resource whose creation had started when Pulumi was killed may not be in the state. In the
account, this is a cluster, a node pool or a security group. On the cluster, the next run takes over
most objects by their names. But ConfigMaps, Secrets, Jobs and claims of volumes have generated
names, and the next run creates others. This command deletes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kubernetes import client

from components.database.names import database_name
from components.manifests.names import is_generated
from components.web_app.names import (
    CONFIG,
    CONFIG_FILES,
    REGISTRY,
    SECRET_FILES,
    SECRETS,
    generated_secret,
    job_name,
    part_name,
)
from tools.account_leftovers import account_leftovers
from tools.cluster import cluster_client
from tools.command import run_tool
from tools.existing_stack import (
    app_namespaces,
    check_stack,
    stack_outputs,
    stack_settings,
    stack_state,
)
from tools.stacks import ROOT

KINDS: dict[str, Callable[[client.ApiClient, str], Any]] = {
    "ConfigMap": lambda api, place: client.CoreV1Api(api).list_namespaced_config_map(place),
    "Secret": lambda api, place: client.CoreV1Api(api).list_namespaced_secret(place),
    "PersistentVolumeClaim": lambda api, place: client.CoreV1Api(
        api
    ).list_namespaced_persistent_volume_claim(place),
    "Job": lambda api, place: client.BatchV1Api(api).list_namespaced_job(place),
}
"""The kinds with generated names, and the request that lists those in a namespace."""

AUTONAMED = "pulumi.com/autonamed"
"""The annotation of an object whose name the Kubernetes plugin has generated."""


def main(arguments: Sequence[str], folder: Path = ROOT) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="leftovers", description="Lists resources that are not in the state."
    )
    parser.add_argument("--stack", required=True)
    options = parser.parse_args(arguments)
    return run_tool("leftovers", lambda: show(options.stack, folder))


def show(stack: str, folder: Path) -> None:
    """Prints the commands that delete the leftovers.

    Raises:
        ToolError: the account or the cluster does not respond.
    """
    check_stack(stack, folder)
    found = list(leftovers(stack, folder))
    if not found:
        sys.stdout.write(f"{stack}: killed runs have left nothing\n")
        return
    sys.stdout.write(
        f"{stack}: these resources are not in the state. If no run is active, a killed run has "
        "created them. To delete them:\n" + "".join(f"  {line}\n" for line in found)
    )


def leftovers(stack: str, folder: Path) -> Iterator[str]:
    """Yields a command for each resource that is named as the stack's and is not in the state.

    Raises:
        ToolError: the account or the cluster does not respond.
    """
    resources = stack_state(stack, folder).get("resources") or ()
    settings = stack_settings(stack, folder)
    if cluster := settings.get("cluster"):
        known = {str(each.get("id")) for each in resources}
        yield from account_leftovers(stack, cluster, known, folder)
    outputs = stack_outputs(stack, folder, "--show-secrets")
    if "kubeconfig" in outputs:
        with cluster_client(stack, outputs, folder) as api:
            yield from _on_cluster(api, resources, outputs, settings.get("apps", ()))


def _on_cluster(
    api: client.ApiClient,
    resources: Sequence[dict[str, Any]],
    outputs: Mapping[str, Any],
    settings: Sequence[dict[str, Any]],
) -> Iterator[str]:
    known = {(_kind(each), each.get("id")) for each in resources}
    apps = app_namespaces(outputs)
    names = {each["urn"].rpartition("::")[2] for each in resources if _kind(each) in KINDS}
    names |= set(_names(set(apps), settings))
    for namespace in sorted({*apps.values()}):
        for kind, listed in KINDS.items():
            for each in listed(api, namespace).items:
                found = each.metadata
                generated = (found.annotations or {}).get(AUTONAMED) == "true"
                in_state = (kind, f"{namespace}/{found.name}") in known
                named = any(is_generated(found.name, name, namespace) for name in names)
                if generated and named and not in_state:
                    command = f"kubectl --namespace {namespace} delete {kind.lower()}"
                    yield f"{command} {found.name}   # created {found.creation_timestamp}"


def _kind(resource: dict[str, Any]) -> str:
    return str(resource["type"]).rpartition(":")[2]


def _names(apps: set[str], settings: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yields the names that the program gives to such resources, without their namespaces."""
    for app in apps:
        for suffix in (CONFIG, CONFIG_FILES, SECRETS, SECRET_FILES, REGISTRY):
            yield f"{app}-{suffix}"
        yield job_name(app)
        yield database_name(app)
    for each in settings:
        for variable in each.get("generatedSecrets", ()):
            yield f"{each['name']}-{generated_secret(variable)}"
        for volume in each.get("volumes", ()):
            yield part_name(each["name"], volume["name"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
