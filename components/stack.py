"""The stack: a cluster, an ingress controller, and the web applications behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from components.kept_data import remember_data
from settings.stack import Settings

if TYPE_CHECKING:
    from components.existing_cluster import ExistingCluster
    from components.sks_cluster import SksCluster


def declare(settings: Settings) -> dict[str, Any]:
    """Declare all that the settings ask for; return the stack's outputs.

    What a stack does not use is not imported: the SDKs take most of a preview's time.
    """
    cluster, pool, nodes, outputs = _cluster(settings)
    on_cluster = pulumi.ResourceOptions(provider=cluster.provider, depends_on=[cluster])

    controller = None
    if settings.controller:
        from components.ingress_controller import IngressController

        controller = IngressController(
            "ingress-nginx", settings.controller, instance_pool_id=pool, opts=on_cluster
        )
        outputs["load_balancer_address"] = controller.address

    data = remember_data(settings.apps)
    if settings.apps:
        from components.app_namespace import AppNamespace
        from components.web_app import WebApp

        namespaces = {
            each.name: AppNamespace(each.name, each, opts=on_cluster)
            for each in settings.app_namespaces
        }
    for app in settings.apps:
        in_namespace = pulumi.ResourceOptions.merge(
            on_cluster, pulumi.ResourceOptions(depends_on=[data, namespaces[app.namespace_name]])
        )
        web = WebApp(
            app.name,
            app,
            controller=controller,
            instance_pool_id=pool,
            node_networks=nodes,
            opts=in_namespace,
        )
        outputs |= {f"{app.name}_url": web.url, f"{app.name}_namespace": web.namespace}

    return outputs | {"kubeconfig": cluster.kubeconfig}


def _cluster(
    settings: Settings,
) -> tuple[
    SksCluster | ExistingCluster,
    pulumi.Output[str] | None,
    pulumi.Output[list[str]] | None,
    dict[str, Any],
]:
    """The cluster, its outputs, and if it is the stack's: its first nodes' instance pool, and the
    addresses of all nodes if they are needed.
    """
    name = f"{pulumi.get_project()}-{pulumi.get_stack()}"
    if settings.existing_cluster:
        from components.existing_cluster import ExistingCluster

        return ExistingCluster(name, settings.existing_cluster), None, None, {}
    from components.sks_cluster import SksCluster

    assert settings.cluster  # a stack has one of the two
    cluster = SksCluster(name, settings.cluster)
    outputs: dict[str, Any] = {"cluster_name": cluster.cluster_name}
    if cluster.read_only_kubeconfig:
        outputs["read_only_kubeconfig"] = cluster.read_only_kubeconfig
    nodes = cluster.node_networks() if settings.needs_node_addresses else None
    return cluster, cluster.instance_pool_id, nodes, outputs
