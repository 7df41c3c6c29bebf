"""Labels and annotations of an application's objects."""

from __future__ import annotations

import pulumi

NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""Pulumi does not wait for the object, because the readiness of the Deployment or the address of
the controller shows the same.

Source: pulumi/pulumi-kubernetes, annotation `pulumi.com/skipAwait`.
"""


def common_labels(app: str, name: str | None = None) -> dict[str, str]:
    """Returns the labels that Kubernetes recommends for an object of an application.

    Args:
        app: the application's name. All of its objects have it as `instance`.
        name: name of a part of the application, such as its database. Default: `app`.

    Source: kubernetes.io/docs/concepts/overview/working-with-objects/common-labels.
    """
    return {
        NAME: name or app,
        INSTANCE: app,
        "app.kubernetes.io/part-of": pulumi.get_project(),
        "app.kubernetes.io/managed-by": "pulumi",
    }


def selector(app: str, name: str | None = None) -> dict[str, str]:
    """Returns the labels that select the pods. They never change."""
    return {NAME: name or app, INSTANCE: app}
