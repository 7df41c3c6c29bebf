"""A nodepool of an SKS cluster, its nodes on different hosts."""

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
"""Inputs whose change the provider (0.66) shows as an update and then does not make (`ipv6`: where
it changes alone).

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
    """Create a nodepool in the security group `group`, once that has its `rules`.

    Replaced, it is there anew, under a new name, before the old goes: there are nodes all the time.
    In an upgrade so is its anti-affinity group; else nodes of both pools are in it for a while, and
    Exoscale has to find that many hosts.

    Args:
        import_id: `CLUSTER-ID/NODEPOOL-ID@ZONE` of a nodepool made by hand.
        anti_affinity_import_id: ID of an anti-affinity group made by hand.
        hooks: those of `refuse_nodepool_updates` and `drain_before_shrinking`.
        kubeconfig: what the hooks ask the API server with.
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
        size=pool.size,
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
                # a group can't go while nodes are in it
                replace_on_changes=[*IGNORED_ON_UPDATE, "antiAffinityGroupIds"],
                replacement_trigger=trigger,
                hooks=hooks,
                import_=import_id,
                # an adopted one keeps its name, and what the settings do not mention
                ignore_changes=[
                    "name",
                    *(
                        key
                        for key, value in {
                            "description": pool.description,
                            "labels": pool.labels,
                            "taints": pool.taints,
                        }.items()
                        if not value
                    ),
                ]
                if import_id
                else None,
            ),
        ),
    )
