"""The cluster autoscaler, installed with its Helm chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.helm.v3 import Release
from pulumiverse_exoscale import IamApiKey, SksNodepool

from ...lifecycle.cluster_access import ClusterAccess
from ...lifecycle.existing_objects import Creator, refuse_existing
from ...manifests.helm_chart import chart_arguments, merged_values
from ...manifests.labels import INSTANCE
from ...manifests.network import SYSTEM_NAMESPACE
from ...manifests.resources import resource_requirements
from ..nodepools.args import NodePoolArgs
from .args import CHART, ClusterAutoscalerArgs, image_tag
from .credentials import create_api_key, create_secret
from .network_policy import create_network_policy

RELEASE = "cluster-autoscaler"
"""Name of the Helm release and of the autoscaler's objects."""

USER = 65534
"""ID of the user that the chart's documentation proposes, `nobody`."""

ADVICE = "delete it, or install only one cluster autoscaler"


class ClusterAutoscaler(pulumi.ComponentResource):
    """Installs the cluster autoscaler with an API key of its own.

    It lists each nodepool of the stack, also those with a fixed size: the autoscaler treats a
    nodepool that is not listed as one that may have any size from 1 to the account's quota. Names
    are those that Exoscale shows, which a replacement of a nodepool changes.

    While an update replaces or removes a nodepool, the old one is not listed anymore. The
    autoscaler could then add nodes to it. `max-nodes-total` limits that: with the nodes of both
    nodepools, the cluster rarely has room for more. A node that is nevertheless added is drained
    with the others, because the drain lists the nodes again and again.

    Attributes:
        api_key: the API key at Exoscale.
        release: the Helm release.
    """

    api_key: IamApiKey
    release: Release

    def __init__(
        self,
        name: str,
        settings: ClusterAutoscalerArgs,
        *,
        zone: str,
        version: str,
        pools: Sequence[NodePoolArgs],
        nodepools: Mapping[str, SksNodepool],
        access: ClusterAccess,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Installs the autoscaler.

        Args:
            zone: Exoscale zone of the cluster.
            version: Kubernetes version of the cluster.
            pools: the settings of all nodepools of the cluster.
            nodepools: the nodepools, by their names in the settings.
            access: access to the cluster, to check whether objects already exist.
            opts: must contain the Kubernetes provider, and a dependency on ready nodes.
        """
        super().__init__("webapp:index:ClusterAutoscaler", name, None, opts)
        at_exoscale = pulumi.ResourceOptions(parent=self)
        child = pulumi.ResourceOptions(
            parent=self,
            provider=opts.provider,
            depends_on=opts.depends_on,
            hooks=refuse_existing(name, Creator(access, own_namespace=False), advice=ADVICE),
        )
        self.api_key = create_api_key(name, at_exoscale)
        secret = create_secret(name, self.api_key, zone, child)
        policy = create_network_policy(name, RELEASE, {INSTANCE: RELEASE}, child)
        groups = [_group(pool, nodepools[pool.name]) for pool in pools]
        self.release = Release(
            name,
            name=RELEASE,
            namespace=SYSTEM_NAMESPACE,
            **chart_arguments(settings, CHART),
            values=merged_values(
                {
                    "image": {"tag": image_tag(version)},
                    "secretKeyRefNameOverride": secret.metadata.name,
                    "autoscalingGroups": groups,
                    **_values(settings, sum(pool.max_size for pool in pools)),
                },
                settings.values,
            ),
            atomic=True,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[policy])),
        )
        self.register_outputs({})


def _group(pool: NodePoolArgs, nodepool: SksNodepool) -> dict[str, Any]:
    return {"name": nodepool.name, "minSize": pool.min_size, "maxSize": pool.max_size}


def _values(settings: ClusterAutoscalerArgs, max_nodes: int) -> dict[str, Any]:
    """Returns Helm values for the official chart that depend on the settings alone.

    - Nodes with temporary volumes (`emptyDir`) are removed too. The default keeps each node with
      such a pod, and an application's files in them are temporary anyway.
    - Nodes with pods of `kube-system` are kept (version 1.36: for an hour), which is the default.
    - The Service, which only offers metrics, is not created.

    Source: kubernetes/autoscaler, cluster-autoscaler/FAQ.md, "What are the parameters to CA?".
    """
    return {
        "cloudProvider": "exoscale",
        "fullnameOverride": RELEASE,
        "extraArgs": {
            "cordon-node-before-terminating": True,
            "enforce-node-group-min-size": True,
            "max-nodes-total": max_nodes,
            "scale-down-unneeded-time": settings.scale_down_unneeded_time,
            "skip-nodes-with-local-storage": False,
        },
        "resources": resource_requirements(settings.resources),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containerSecurityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "service": {"create": False},
    }
