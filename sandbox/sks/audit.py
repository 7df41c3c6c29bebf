"""The audit log: an API server's webhook to the endpoint that the user named."""

from typing import Any

from sandbox.sks.spec import Audit

POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}
"""Every request, without bodies. Exoscale does not publish its policy: this one is assumed."""


def webhook(audit: Audit) -> dict[str, Any]:
    """The kubeconfig of the webhook, with its bearer token: for a file that nobody else reads."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "audit", "cluster": {"server": audit.endpoint}}],
        "users": [{"name": "audit", "user": {"token": audit.bearer_token}}],
        "contexts": [{"name": "audit", "context": {"cluster": "audit", "user": "audit"}}],
        "current-context": "audit",
    }
