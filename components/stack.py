"""The stack: a cluster, an ingress controller, and the web applications behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from components.shown_name import shown_name
from settings.stack import CLUSTER, CONTROLLER, Settings

if TYPE_CHECKING:
    from components.existing_cluster import ExistingCluster
    from components.existing_controller import ExistingController
    from components.ingress_controller import IngressController
    from components.sks_cluster import SksCluster


def declare(settings: Settings) -> dict[str, Any]:
    """Declare all that the settings ask for; return the stack's outputs.

    What a stack does not use is not imported: the SDKs take most of a preview's time.
    """
    cluster, pool, nodes, outputs = _cluster(settings)
    on_cluster = pulumi.ResourceOptions(provider=cluster.provider, depends_on=[cluster])

    controller = _controller(settings, pool, on_cluster)
    users: list[pulumi.Resource] = [controller] if controller else []
    if controller:
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
        web = WebApp(app.name, app, controller=controller, instance_pool_id=pool, opts=in_namespace)
        users.append(web)
        outputs |= {f"{app.name}_url": web.url, f"{app.name}_namespace": web.namespace}

    if settings.cluster:
        from components.sks_cluster import SksCluster

        assert isinstance(cluster, SksCluster)
        cluster.drain_former_nodepools(after=users)
    return outputs | {"kubeconfig": cluster.kubeconfig}


def _controller(
    settings: Settings, pool: pulumi.Output[str] | None, opts: pulumi.ResourceOptions
) -> IngressController | ExistingController | None:
    """The ingress controller, the stack's own or one that is there."""
    if not settings.controller:
        return None
    if settings.controller.existing:
        from components.existing_controller import ExistingController

        return ExistingController(CONTROLLER, settings.controller.existing, opts)
    from components.ingress_controller import IngressController

    return IngressController(
        CONTROLLER,
        settings.controller,
        instance_pool_id=pool,
        nodes=settings.cluster.nodes if settings.cluster else None,
        opts=opts,
    )


def _cluster(
    settings: Settings,
) -> tuple[SksCluster | ExistingCluster, pulumi.Output[str] | None, dict[str, Any]]:
    """The cluster, the instance pool of its nodes if it is the stack's, and its outputs.

    Its name is the same in every stack, so that a stack can be renamed. It once had the stack's in
    it; what is below it is found by the former name too, for it begins with the cluster's.
    """
    former = pulumi.Alias(name=shown_name())
    opts = pulumi.ResourceOptions(aliases=[former])
    if settings.existing_cluster:
        from components.existing_cluster import ExistingCluster

        return ExistingCluster(CLUSTER, settings.existing_cluster, opts), None, {}
    from components.sks_cluster import SksCluster

    assert settings.cluster  # a stack has one of the two
    cluster = SksCluster(CLUSTER, settings.cluster, opts)
    outputs: dict[str, Any] = {"cluster_name": cluster.cluster_name}
    if cluster.read_only_kubeconfig:
        outputs["read_only_kubeconfig"] = cluster.read_only_kubeconfig
    nodes = cluster.node_networks() if settings.needs_node_addresses else None
    return cluster, cluster.instance_pool_id, nodes, outputs
