"""An init container that waits until a database in the cluster accepts connections."""

from __future__ import annotations

from typing import Any

from pulumi_kubernetes.core.v1 import Secret

from ..manifests.secrets import URL_KEY, variable
from .wait import WAIT, WAIT_NAME


def wait_for_database(image: str, url: Secret) -> dict[str, Any]:
    """Returns an init container that waits for the database whose URL is in the Secret `url`.

    A new pod may start before the database's node applies the network policy to it, and its
    connections fail until then (Kubernetes, Network Policies, "Pod lifecycle"). A Job's retry does
    not help: it starts a new pod too.
    """
    return {
        "name": WAIT_NAME,
        "image": image,
        "command": ["sh", "-c", WAIT],
        "env": [variable("URL", url, URL_KEY)],
    }
