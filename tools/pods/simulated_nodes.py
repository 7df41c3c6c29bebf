"""Nodes that only exist as objects of the API server, as in the sandbox. They run no containers.

Source: kwok.sigs.k8s.io/docs/user/kwok-manage-nodes-and-pods, the annotation of its nodes.
"""

from __future__ import annotations

from tools.pods.api import Api, ApiServerError

ANNOTATION = "kwok.x-k8s.io/node"
NODES = "/api/v1/nodes"


def simulated_nodes(api: Api, stack: str, consequence: str) -> str:
    """Returns a message if the stack's nodes are simulated; empty if they are not, or if that can't
    be read, as with a read-only kubeconfig.

    Args:
        consequence: what does not work on such nodes.
    """
    try:
        nodes = api.items(NODES, limit="1")
    except ApiServerError:
        return ""
    if not any(ANNOTATION in each["metadata"].get("annotations", {}) for each in nodes):
        return ""
    return (
        f"{stack}: its nodes are simulated and run no containers: {consequence}. On nodes that do "
        "(sandbox/containers.md), `make e2e` tests this command"
    )
