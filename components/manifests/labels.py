"""Labels and annotations of an application's objects."""

from __future__ import annotations

import pulumi

NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""Not waited for: what the Deployment's own readiness, or the controller's address, proves.

Source: pulumi/pulumi-kubernetes, annotation `pulumi.com/skipAwait`.
"""


def common_labels(app: str, name: str | None = None) -> dict[str, str]:
    """The labels that Kubernetes recommends for an object of `app`.

    `name` is what the object's pods are, if that is something else than the application itself,
    such as its database. All that belongs to one application has its name as `instance`.

    Source: kubernetes.io/docs/concepts/overview/working-with-objects/common-labels.
    """
    return {
        NAME: name or app,
        INSTANCE: app,
        "app.kubernetes.io/part-of": pulumi.get_project(),
        "app.kubernetes.io/managed-by": "pulumi",
    }


def selector(app: str, name: str | None = None) -> dict[str, str]:
    """The labels that find the pods: those that never change."""
    return {NAME: name or app, INSTANCE: app}
