"""A Kubernetes version that Exoscale does not offer, refused before anything is made.

Exoscale offers the newest patch of each minor version that it supports, so that a version that was
right some weeks ago is refused for a new cluster. It would do so after its groups are made.
"""

from __future__ import annotations

from functools import cache

import pulumi

from components.exoscale_api import get
from components.kubernetes.refused_updates import RefusedUpdate


def only_offered(name: str, zone: str, version: str) -> pulumi.ResourceHookBinding:
    """Hooks for the cluster `name` and what is made beside it, run in a preview too.

    They ask the API before a creation, and before an update to a version that is new. Without its
    answer, any version is tried.
    """

    def check_creation(args: pulumi.ResourceHookArgs) -> None:
        check_offered(name, zone, version)

    def check_update(args: pulumi.ResourceHookArgs) -> None:
        if is_new(version, args):
            check_offered(name, zone, version)

    options = pulumi.ResourceHookOptions(on_dry_run=True)
    return pulumi.ResourceHookBinding(
        before_create=[pulumi.ResourceHook(f"{name}-offered", check_creation, options)],
        before_update=[pulumi.ResourceHook(f"{name}-offered-update", check_update, options)],
    )


def is_new(version: str, args: pulumi.ResourceHookArgs) -> bool:
    """Whether an update's version was neither asked for before nor runs."""
    asked, running = args.old_inputs or {}, args.old_outputs or {}
    return version not in (asked.get("version"), running.get("version"))


def check_offered(name: str, zone: str, version: str) -> None:
    """Ask the API of the zone, once.

    Raises:
        RefusedUpdate: the version is not among those offered.
    """
    versions = offered(zone)
    if versions and version not in versions:
        raise RefusedUpdate(
            f"{name}: version: {version}: Exoscale does not offer it; allowed are "
            + ", ".join(versions)
        )


@cache
def offered(zone: str) -> tuple[str, ...]:
    """The versions that new clusters can have; none if the API does not tell.

    Source: Exoscale's OpenAPI, `list-sks-cluster-versions`.
    """
    answer = get(zone, "/sks-cluster-version") or {}
    return tuple(answer.get("sks-cluster-versions", ()))
