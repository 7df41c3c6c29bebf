"""Updates that can't be, refused before the first change, in the preview too.

Without this, some would fail halfway through an `up`, and others would be shown and not made.
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
"""Inputs that the provider (0.66) leaves out of its request where they become empty.

Source: exoscale/terraform-provider-exoscale v0.66.0, `resource_exoscale_sks_cluster.go` and
`resource_exoscale_sks_nodepool.go`, Update: egoscale v3 omits what is empty.
"""


def refuse_cluster_updates(name: str, zone: str) -> pulumi.ResourceHookBinding:
    """A hook for the cluster `name`, run before an update in place and before its preview."""

    def check(args: pulumi.ResourceHookArgs) -> None:
        check_cluster(args)
        check_dropped(args, zone)

    return before_update(f"{name}-cluster", check)


def refuse_nodepool_updates(name: str) -> pulumi.ResourceHookBinding:
    """A hook for the nodepools of the cluster `name`, run as that of the cluster."""
    return before_update(f"{name}-nodepools", check_nodepool)


def check_cluster(args: pulumi.ResourceHookArgs) -> None:
    """Check an update of a cluster.

    Raises:
        RefusedUpdate: a downgrade, an upgrade that leaves out a minor version, the CSI driver
            turned off, or labels emptied.
    """
    before, after = args.old_inputs or {}, args.new_inputs or {}
    running = (args.old_outputs or {}).get("version") or before.get("version")
    if running and after.get("version"):
        check_version(args.name, running, after["version"])
    if before.get("exoscaleCsi") and not after.get("exoscaleCsi"):
        raise RefusedUpdate(f"{args.name}: csi: can't be turned off: it must stay true")
    _check_emptied(args, CLUSTER_EMPTYING_IGNORED)


def check_nodepool(args: pulumi.ResourceHookArgs) -> None:
    """Check an update of a nodepool.

    Raises:
        RefusedUpdate: something is emptied that the provider would leave as it is.
    """
    _check_emptied(args, NODEPOOL_EMPTYING_IGNORED)


def check_version(name: str, running: str, wanted: str) -> None:
    """Check an upgrade: within the minor version or to the next one, never back.

    Raises:
        RefusedUpdate: any other.
    """
    major, minor, patch = map(int, running.split("."))
    if tuple(map(int, wanted.split("."))) < (major, minor, patch):
        reason = "a cluster can't go back"
    elif wanted.split(".")[:2] not in ([str(major), str(minor)], [str(major), str(minor + 1)]):
        reason = "one minor version after the other"
    else:
        return
    raise RefusedUpdate(
        f"{name}: version: {wanted}: the cluster runs {running}: {reason}; "
        f"allowed are {major}.{minor}.{patch} and newer up to {major}.{minor + 1}.x"
    )


def _check_emptied(args: pulumi.ResourceHookArgs, keys: tuple[str, ...]) -> None:
    before, after = args.old_inputs or {}, args.new_inputs or {}
    for key in keys:
        if before.get(key) and not after.get(key):
            raise RefusedUpdate(
                f"{args.name}: {key}: can't be emptied: Exoscale's provider would leave it as it "
                "is; leave something, or give the object another name to have a new one"
            )
