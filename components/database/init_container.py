"""Waiting until a database on the cluster takes connections."""

from __future__ import annotations

from typing import Any

from pulumi_kubernetes.core.v1 import Secret

from ..manifests.secrets import URL_KEY, variable

DEADLINE_SECONDS = 60
WAIT = f"""timeout {DEADLINE_SECONDS} sh -c 'until pg_isready --dbname="$URL"; do sleep 1; done'"""


def wait_for_database(image: str, url: Secret) -> dict[str, Any]:
    """What an init container needs to wait for the database whose URL is in the Secret `url`.

    The database's node may learn of a new pod after that one has started, and refuses it until
    then (Kubernetes, Network Policies, "Pod lifecycle"). A Job's next try would be a new pod too.
    """
    return {
        "name": "wait-for-database",
        "image": image,
        "command": ["sh", "-c", WAIT],
        "env": [variable("URL", url, URL_KEY)],
    }
