"""The stack: a cluster, an ingress controller, and the web applications behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from components.kubernetes.placement import NODEPOOL, Placement, tolerations
from settings.load_balancer import LoadBalancerSettings
from settings.stack import Settings

if TYPE_CHECKING:
    from pulumiverse_exoscale import SksNodepool

    from components.existing_cluster import ExistingCluster
    from components.sks_cluster import SksCluster


def declare(settings: Settings) -> dict[str, Any]:
    """Declare all that the settings ask for; return the stack's outputs.

    What a stack does not use is not imported: the SDKs take most of a preview's time.
    """
    cluster, nodepools, outputs = _cluster(settings)
    on_cluster = pulumi.ResourceOptions(provider=cluster.provider, depends_on=[cluster])

    controller = None
    if settings.controller:
        from components.ingress_controller import IngressController

        asked = settings.controller
        placement = _placement(settings, nodepools, asked.nodepool, asked.load_balancer)
        controller = IngressController("ingress-nginx", asked, placement=placement, opts=on_cluster)
        outputs["load_balancer_address"] = controller.address

    if settings.apps:
        from components.app_namespace import AppNamespace
        from components.web_app import WebApp

        namespaces = {
            each.name: AppNamespace(each.name, each, opts=on_cluster)
            for each in settings.app_namespaces
        }
    for app in settings.apps:
        in_namespace = pulumi.ResourceOptions.merge(
            on_cluster, pulumi.ResourceOptions(depends_on=[namespaces[app.namespace_name]])
        )
        placement = _placement(settings, nodepools, app.nodepool, app.balancer)
        web = WebApp(app.name, app, controller=controller, placement=placement, opts=in_namespace)
        outputs |= {f"{app.name}_url": web.url, f"{app.name}_namespace": web.namespace}

    return outputs | {"kubeconfig": cluster.kubeconfig}


def _placement(
    settings: Settings,
    nodepools: Mapping[str, SksNodepool],
    name: str | None,
    balancer: LoadBalancerSettings | None,
) -> Placement | None:
    """The nodes of the pods behind a load balancer, or of those that name a nodepool.

    With `Local`, a node takes traffic for its own pods alone: they have to be where it comes to.
    """
    if settings.cluster is None:
        return None
    pool = settings.cluster.nodepool(name)
    declared = nodepools[pool.name]
    local = balancer is not None and balancer.external_traffic_policy == "Local"
    tied = name is not None or (local and len(nodepools) > 1)
    return Placement(
        settings.cluster.zone,
        declared.instance_pool_id,
        {NODEPOOL: declared.id} if tied else {},
        tolerations(pool),
    )


def _cluster(
    settings: Settings,
) -> tuple[SksCluster | ExistingCluster, Mapping[str, SksNodepool], dict[str, Any]]:
    """The cluster, its nodepools if it is the stack's, and its outputs."""
    name = f"{pulumi.get_project()}-{pulumi.get_stack()}"
    if settings.existing_cluster:
        from components.existing_cluster import ExistingCluster

        return ExistingCluster(name, settings.existing_cluster), {}, {}
    from components.sks_cluster import SksCluster

    assert settings.cluster  # a stack has one of the two
    cluster = SksCluster(name, settings.cluster)
    outputs: dict[str, Any] = {"cluster_name": cluster.cluster_name}
    if cluster.read_only_kubeconfig:
        outputs["read_only_kubeconfig"] = cluster.read_only_kubeconfig
    return cluster, cluster.nodepools, outputs
