"""An SKS cluster with its nodepools, firewall and kubeconfig."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_kubernetes
from pulumiverse_exoscale import (
    AntiAffinityGroup,
    SecurityGroup,
    SecurityGroupRule,
    SksKubeconfig,
    SksNodepool,
)
from pulumiverse_exoscale import SksCluster as Cluster

from components.firewall import create_rules

IGNORED_ON_UPDATE = ["addons", "cni", "exoscaleCcm", "metricsServer", "oidc", "serviceLevel"]
"""Inputs whose change the provider (0.66) shows as an update and then does not make.

Source: exoscale/terraform-provider-exoscale v0.66.0, `resource_exoscale_sks_cluster.go`, Update.
"""


class NodepoolArgs(TypedDict):
    """`size` nodes of `instance_type` (family.size), each with `disk_size` GiB."""

    name: str
    instance_type: pulumi.Input[str]
    size: pulumi.Input[int]
    disk_size: pulumi.Input[int]


class KubeconfigArgs(TypedDict):
    """Lifetime of the kubeconfig, and how long before its end an `up` renews it, in seconds."""

    ttl_seconds: pulumi.Input[int]
    early_renewal_seconds: pulumi.Input[int]


class SksClusterArgs(TypedDict):
    """The arguments of an `SksCluster`.

    `level` is `starter` or `pro`, `cni` is `calico` or `cilium`, `version` is in full (1.34.3).
    `node_port_sources` are the networks (CIDR) that may reach the NodePorts.
    """

    zone: pulumi.Input[str]
    version: pulumi.Input[str]
    level: pulumi.Input[str]
    cni: str
    node_port_sources: Sequence[str]
    nodepools: Sequence[NodepoolArgs]
    kubeconfig: KubeconfigArgs


class SksCluster(pulumi.ComponentResource):
    """A managed Kubernetes cluster and all that its workloads need.

    Attributes:
        cluster_name: the name that Exoscale shows.
        kubeconfig: credentials of the group `system:masters`, as YAML. A secret.
        provider: the Kubernetes provider for what runs on the cluster.
        instance_pool_id: the instance pool of the first nodepool. The cloud controller needs to be
            told it where there are several (`service-instancepool-id`).
    """

    cluster_name: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    provider: pulumi_kubernetes.Provider
    instance_pool_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: SksClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("webapp:index:SksCluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        zone = args["zone"]

        cluster = Cluster(
            name,
            zone=zone,
            version=args["version"],
            service_level=args["level"],
            cni=args["cni"],
            opts=pulumi.ResourceOptions(parent=self, replace_on_changes=IGNORED_ON_UPDATE),
        )
        group = SecurityGroup(name, description=f"Nodes of {name}", opts=child)
        rules = create_rules(
            name,
            group,
            cni=args["cni"],
            node_port_sources=args["node_port_sources"],
            opts=child,
        )
        nodepools = [
            _nodepool(f"{name}-{pool['name']}", pool, zone, cluster, group, rules, child)
            for pool in args["nodepools"]
        ]
        kubeconfig = SksKubeconfig(
            name,
            cluster_id=cluster.id,
            zone=zone,
            user="pulumi",
            groups=["system:masters"],
            ttl_seconds=args["kubeconfig"]["ttl_seconds"],
            early_renewal_seconds=args["kubeconfig"]["early_renewal_seconds"],
            opts=child,
        )

        self.cluster_name = cluster.name
        self.kubeconfig = pulumi.Output.secret(kubeconfig.kubeconfig)
        self.instance_pool_id = nodepools[0].instance_pool_id
        self.provider = pulumi_kubernetes.Provider(
            name, kubeconfig=self.kubeconfig, cluster_identifier=cluster.id, opts=child
        )
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "kubeconfig": self.kubeconfig,
                "instance_pool_id": self.instance_pool_id,
            }
        )


def _nodepool(
    name: str,
    pool: NodepoolArgs,
    zone: pulumi.Input[str],
    cluster: Cluster,
    group: SecurityGroup,
    rules: Sequence[SecurityGroupRule],
    opts: pulumi.ResourceOptions,
) -> SksNodepool:
    """A nodepool whose nodes are on different hosts, in the security group with its rules."""
    anti_affinity = AntiAffinityGroup(name, description=f"Nodes of {name}", opts=opts)
    return SksNodepool(
        name,
        name=pool["name"],
        cluster_id=cluster.id,
        zone=zone,
        instance_type=pool["instance_type"],
        size=pool["size"],
        disk_size=pool["disk_size"],
        anti_affinity_group_ids=[anti_affinity.id],
        security_group_ids=[group.id],
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[*rules])),
    )
