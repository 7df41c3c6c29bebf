"""The objects of `make run`: a Job with a pod like the application's own, and its network policy.

The Job is in no state. It ends after a day at the latest, and Kubernetes deletes it a day later
with its pod and its policy, if nobody does it before.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from components.database.names import database_name
from components.database.wait import WAIT, WAIT_NAME
from components.manifests.labels import INSTANCE, NAME
from tools.pods.application import MAKE_RUN, MANAGED_BY, Application
from tools.pulumi_command import ToolError

DEADLINE_SECONDS = 24 * 3600
"""A command ends after this time at the latest."""

KEPT_SECONDS = 24 * 3600
"""A command that has ended is deleted after this time, if nobody does it before."""

STARTED_BY = "webapp/started-by"
"""The annotation with the name of the user who started a command."""

LONGEST_LABEL = 63
HOST_LABEL = "kubernetes.io/hostname"

UNLIKE_THE_APPLICATION = ("topologySpreadConstraints", "terminationGracePeriodSeconds")
"""Fields of the pod that are for pods that serve."""

OF_A_SERVER = ("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle")
"""Fields of the container that are for pods that serve."""

HOLD = ["/bin/sh", "-c", 'read -r line && exec "$@"', "sh"]
"""Starts the rest of the command when a line arrives, so that no output is lost before the terminal
is attached. If it never is, the standard input ends, and the command does not start."""


def run_name(app: str) -> str:
    """Returns a new name for a run. Kubernetes adds a suffix to it for the pod."""
    suffix = f"-run-{secrets.token_hex(3)}"
    return app[: LONGEST_LABEL - len(suffix)] + suffix


def labels(app: Application, name: str) -> dict[str, str]:
    """Returns the labels of a run. Its own name keeps the application's Service and disruption
    budget, and those of workers, from selecting its pod."""
    return {NAME: name, INSTANCE: app.name, MANAGED_BY: MAKE_RUN}


def job(
    app: Application,
    name: str,
    deployment: Mapping[str, Any],
    command: Sequence[str],
    *,
    database: Mapping[str, Any] | None = None,
    attached: bool,
    terminal: bool,
) -> dict[str, Any]:
    """Returns a suspended Job that runs the command once.

    Args:
        deployment: the application's Deployment.
        database: the StatefulSet of its database in the cluster, which the pod waits for.
        attached: hold the command until a client is attached, whose input it reads.
        terminal: give it a terminal.

    Raises:
        ToolError: the application's Service would select the pod.
    """
    template, own = deployment["spec"]["template"], labels(app, name)
    selector = deployment["spec"]["selector"].get("matchLabels", {})
    if selector.items() <= own.items():
        raise ToolError(
            f"{app.name}: its selector {selector} would also select the pod of a command, which "
            "would get requests: add another label to the selector"
        )
    others = {
        key: value
        for key, value in template["metadata"].get("labels", {}).items()
        if key not in selector and not key.startswith("app.kubernetes.io/")
    }
    container = _container(app.name, template["spec"])
    spec = _pod(template["spec"], selector)
    if database:
        spec["initContainers"] = [*_waits(app.name, container, database), *spec["initContainers"]]
    metadata = {"name": name, "namespace": app.namespace, "labels": own}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata | {"annotations": {STARTED_BY: os.environ.get("USER", "unknown")}},
        "spec": {
            "suspend": True,
            "backoffLimit": 0,
            "activeDeadlineSeconds": DEADLINE_SECONDS,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {
                "metadata": {
                    "labels": others | own,
                    "annotations": template["metadata"].get("annotations", {}),
                },
                "spec": spec
                | {
                    "containers": [
                        container
                        | _command(command, hold=attached)
                        | {"stdin": attached, "stdinOnce": attached, "tty": terminal}
                    ],
                },
            },
        },
    }


def network_policy(
    app: Application, owner: Mapping[str, Any], policy: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Returns a policy of the pod: nobody may connect to it, and it may connect to the same peers
    as the application.

    Args:
        owner: the Job, with which Kubernetes deletes the policy.
        policy: the application's policy. Without one, the pod may connect to everybody.
    """
    name = owner["metadata"]["name"]
    spec = policy["spec"] if policy else {}
    restricted = "Egress" in spec.get("policyTypes", ())
    reference = {"apiVersion": "batch/v1", "kind": "Job", "name": name}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": name,
            "namespace": app.namespace,
            "labels": labels(app, name),
            "ownerReferences": [reference | {"uid": owner["metadata"]["uid"]}],
        },
        "spec": {
            "podSelector": {"matchLabels": {NAME: name, INSTANCE: app.name}},
            "policyTypes": ["Ingress", "Egress"] if restricted else ["Ingress"],
        }
        | ({"egress": spec.get("egress", [])} if restricted else {}),
    }


def _command(command: Sequence[str], *, hold: bool) -> dict[str, list[str]]:
    """Returns the fields of the command. Kubernetes turns $$ into $, and would expand $(NAME)."""
    literal = [each.replace("$", "$$") for each in command]
    return {"command": HOLD, "args": literal} if hold else {"command": literal, "args": []}


def _container(app: str, pod: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the application's own container, without what a server needs."""
    (own,) = (each for each in pod["containers"] if each["name"] == app)
    return {key: value for key, value in own.items() if key not in OF_A_SERVER}


def _waits(
    app: str, container: Mapping[str, Any], database: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Returns an init container that waits for the database, as the Job before a rollout has it:
    the database's node may reject a new pod in its first seconds."""
    secret = database_name(app)
    sources = [each.get("valueFrom", {}) for each in container.get("env", ())]
    urls = [each for each in sources if each.get("secretKeyRef", {}).get("name") == secret]
    same = {key: container[key] for key in ("resources", "securityContext") if key in container}
    image = database["spec"]["template"]["spec"]["containers"][0]["image"]
    return [
        {"name": WAIT_NAME, "image": image, "command": ["sh", "-c", WAIT]}
        | {"env": [{"name": "URL", "valueFrom": each}]}
        | same
        for each in urls[:1]
    ]


def _pod(pod: Mapping[str, Any], selector: Mapping[str, str]) -> dict[str, Any]:
    """Returns the pod's other fields. Init containers that end stay; sidecars do not."""
    fields = {key: value for key, value in pod.items() if key not in UNLIKE_THE_APPLICATION}
    before = [
        each for each in pod.get("initContainers", ()) if each.get("restartPolicy") != "Always"
    ]
    fields |= {"initContainers": before, "restartPolicy": "Never"}
    if any("persistentVolumeClaim" in each for each in pod.get("volumes", ())):
        fields["affinity"] = pod.get("affinity", {}) | {"podAffinity": _beside(selector)}
    return fields


def _beside(selector: Mapping[str, str]) -> dict[str, Any]:
    """Prefers the node of the application's pod: a volume can be attached to one node only."""
    term = {"labelSelector": {"matchLabels": selector}, "topologyKey": HOST_LABEL}
    preference = {"weight": 100, "podAffinityTerm": term}
    return {"preferredDuringSchedulingIgnoredDuringExecution": [preference]}
