"""A nodepool of an SKS cluster with its anti-affinity group."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumiverse_exoscale import (
    AntiAffinityGroup,
    SecurityGroup,
    SecurityGroupRule,
    SksCluster as Cluster,
    SksKubeconfig,
    SksNodepool,
)

from ...exoscale.display_name import display_name
from .args import NodePoolArgs

IGNORED_ON_UPDATE = ["ipv6", "kubeletImageGcs", "storageLvm"]
"""Inputs whose change the provider (0.66) shows as an update but does not apply (`ipv6`: if nothing
else changes).

Source: exoscale/terraform-provider-exoscale v0.66.0, `resource_exoscale_sks_nodepool.go`, Update.
"""


def create_nodepool(
    name: str,
    pool: NodePoolArgs,
    *,
    cluster: Cluster,
    zone: pulumi.Input[str],
    version: pulumi.Input[str],
    group: SecurityGroup,
    rules: Sequence[SecurityGroupRule],
    import_id: str | None,
    anti_affinity_import_id: str | None,
    hooks: pulumi.ResourceHookBinding,
    kubeconfig: SksKubeconfig,
    opts: pulumi.ResourceOptions,
) -> SksNodepool:
    """Creates a nodepool in the security group `group`, after the group's `rules`.

    In a replacement, Pulumi creates the new nodepool under a new name before it deletes the old
    one, so that the cluster always has nodes. An upgrade also replaces the anti-affinity group.
    Otherwise, the group temporarily contains the nodes of both nodepools, and Exoscale must find
    that many hosts.

    Args:
        import_id: `CLUSTER-ID/NODEPOOL-ID@ZONE` of a nodepool to adopt.
        anti_affinity_import_id: ID of an anti-affinity group to adopt.
        hooks: the hooks of `refuse_nodepool_updates` and `drain_before_shrinking`.
        kubeconfig: the credentials that the hooks use.
    """
    trigger = version if pool.replace_on_upgrade else None
    groups = list(pool.anti_affinity_groups)
    if pool.anti_affinity:
        own = AntiAffinityGroup(
            name,
            description=f"Nodes of {display_name(pool.name)}",
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    replacement_trigger=trigger,
                    import_=anti_affinity_import_id,
                    ignore_changes=["name", "description"]
                    if anti_affinity_import_id
                    else ["description"],
                ),
            ),
        )
        groups.insert(0, own.id)
    collection = pool.image_garbage_collection
    images = collection and {
        "low_threshold": collection.low_threshold,
        "high_threshold": collection.high_threshold,
        "min_age": collection.min_age,
    }
    return SksNodepool(
        name,
        cluster_id=cluster.id,
        zone=zone,
        instance_type=pool.instance_type,
        # with an autoscaler, the size at creation only
        size=pool.min_size,
        disk_size=pool.disk_size,
        description=pool.description or None,
        instance_prefix=pool.instance_prefix,
        labels=pool.labels or None,
        taints=pool.taints or None,
        anti_affinity_group_ids=groups or None,
        security_group_ids=[group.id, *pool.security_groups],
        private_network_ids=pool.private_networks or None,
        deploy_target_id=pool.deploy_target,
        storage_lvm=pool.local_storage,
        ipv6=pool.ipv6,
        kubelet_image_gcs=[images] if images else None,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                depends_on=[*rules, kubeconfig],
                # Exoscale does not delete a group that contains nodes
                replace_on_changes=[*IGNORED_ON_UPDATE, "antiAffinityGroupIds"],
                replacement_trigger=trigger,
                hooks=hooks,
                import_=import_id,
                ignore_changes=_ignored_changes(pool, adopted=bool(import_id)) or None,
            ),
        ),
    )


def _ignored_changes(pool: NodePoolArgs, *, adopted: bool) -> list[str]:
    """Returns the inputs whose changes Pulumi ignores.

    - An autoscaler changes the size. A replacement starts with the size in the state.
    - An adopted nodepool keeps its name and values that the settings don't contain.
    """
    ignored = ["size"] if pool.autoscale else []
    if adopted:
        kept = {"description": pool.description, "labels": pool.labels, "taints": pool.taints}
        ignored += ["name", *(key for key, value in kept.items() if not value)]
    return ignored
