"""The audit log: the API server sends it to the webhook that the user defined."""

from typing import Any

from sandbox.sks.spec import Audit

POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}
"""Logs all requests without bodies. Exoscale doesn't publish its policy; this is an assumption."""


def webhook(audit: Audit) -> dict[str, Any]:
    """Returns the kubeconfig of the webhook, which contains the bearer token."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "audit", "cluster": {"server": audit.endpoint}}],
        "users": [{"name": "audit", "user": {"token": audit.bearer_token}}],
        "contexts": [{"name": "audit", "context": {"cluster": "audit", "user": "audit"}}],
        "current-context": "audit",
    }
