"""A kubeconfig with read access to the cluster."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes
from pulumi_kubernetes.rbac.v1 import ClusterRoleBinding
from pulumiverse_exoscale import SksCluster as Cluster, SksKubeconfig

from .args import ReadOnlyKubeconfigArgs

GROUP = "read-only"


def create_read_only_kubeconfig(
    name: str,
    settings: ReadOnlyKubeconfigArgs,
    *,
    cluster: Cluster,
    zone: pulumi.Input[str],
    provider: pulumi_kubernetes.Provider,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Binds the cluster role `view`, which excludes Secrets, and returns a kubeconfig for it."""
    ClusterRoleBinding(
        name,
        role_ref={
            "api_group": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "view",
        },
        subjects=[{"api_group": "rbac.authorization.k8s.io", "kind": "Group", "name": GROUP}],
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(provider=provider, deleted_with=cluster)
        ),
    )
    kubeconfig = SksKubeconfig(
        name,
        cluster_id=cluster.id,
        zone=zone,
        user=settings.user,
        groups=[GROUP],
        ttl_seconds=settings.ttl_seconds,
        early_renewal_seconds=settings.early_renewal_seconds,
        opts=opts,
    )
    return pulumi.Output.secret(kubeconfig.kubeconfig)
