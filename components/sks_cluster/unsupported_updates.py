"""Refuses unsupported updates of a cluster before the first change, also in previews.

Without these checks, some updates would fail in the middle of an `up`. The provider would show
others and ignore them.
"""

from __future__ import annotations

import pulumi

from ..lifecycle.before_update import RefusedUpdate, before_update
from .dropped_settings import check_dropped

CLUSTER_EMPTYING_IGNORED = ("labels",)
NODEPOOL_EMPTYING_IGNORED = (
    "deployTargetId",
    "description",
    "labels",
    "privateNetworkIds",
    "taints",
)
"""Inputs that the provider (0.66) omits from its request if they become empty.

Source: exoscale/terraform-provider-exoscale v0.66.0, `resource_exoscale_sks_cluster.go` and
`resource_exoscale_sks_nodepool.go`, Update: egoscale v3 omits what is empty.
"""


def refuse_cluster_updates(name: str, zone: str) -> pulumi.ResourceHookBinding:
    """Returns a hook that runs before an update in place of the cluster `name` and its preview."""

    def check(args: pulumi.ResourceHookArgs) -> None:
        check_cluster(args)
        check_dropped(args, zone)

    return before_update(f"{name}-cluster", check)


def refuse_nodepool_updates(name: str) -> pulumi.ResourceHookBinding:
    """Returns a hook that runs before an update in place of a nodepool and its preview.

    Args:
        name: the cluster's name.
    """
    return before_update(f"{name}-nodepools", check_nodepool)


def check_cluster(args: pulumi.ResourceHookArgs) -> None:
    """Checks an update of a cluster.

    Raises:
        RefusedUpdate: the update is a downgrade, skips a minor version, turns off the CSI driver or
            removes all labels.
    """
    before, after = args.old_inputs or {}, args.new_inputs or {}
    running = (args.old_outputs or {}).get("version") or before.get("version")
    if running and after.get("version"):
        check_version(args.name, running, after["version"])
    if before.get("exoscaleCsi") and not after.get("exoscaleCsi"):
        raise RefusedUpdate(f"{args.name}: csi: can't be turned off: it must stay true")
    _check_emptied(args, CLUSTER_EMPTYING_IGNORED)


def check_nodepool(args: pulumi.ResourceHookArgs) -> None:
    """Checks an update of a nodepool.

    Raises:
        RefusedUpdate: an input becomes empty, which the provider would ignore.
    """
    _check_emptied(args, NODEPOOL_EMPTYING_IGNORED)


def check_version(name: str, running: str, new: str) -> None:
    """Checks that `new` is a version of the same or the next minor version and not older.

    Raises:
        RefusedUpdate: it is not.
    """
    major, minor, patch = map(int, running.split("."))
    if tuple(map(int, new.split("."))) < (major, minor, patch):
        reason = "a cluster can't be downgraded"
    elif new.split(".")[:2] not in ([str(major), str(minor)], [str(major), str(minor + 1)]):
        reason = "upgrade by one minor version at a time"
    else:
        return
    raise RefusedUpdate(
        f"{name}: version: {new}: the cluster runs {running}: {reason}; "
        f"allowed are {major}.{minor}.{patch} and newer up to {major}.{minor + 1}.x"
    )


def _check_emptied(args: pulumi.ResourceHookArgs, keys: tuple[str, ...]) -> None:
    before, after = args.old_inputs or {}, args.new_inputs or {}
    for key in keys:
        if before.get(key) and not after.get(key):
            raise RefusedUpdate(
                f"{args.name}: {key}: can't be emptied: Exoscale's provider would ignore the "
                "change; keep a value, or rename the object, which replaces it"
            )
