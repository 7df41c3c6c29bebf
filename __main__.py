"""The stack: a cluster, an ingress controller, and the web applications behind it."""

import gc

gc.disable()  # the SDKs make no garbage: looking for it while they load takes a third of a second

import pulumi

from components.app_namespace import AppNamespace
from components.existing_cluster import ExistingCluster
from components.ingress_controller import IngressController
from components.load_balancer import BehindLoadBalancer
from components.sks_cluster import SksCluster
from components.web_app import WebApp
from settings import Settings

settings = Settings.load()
for warning in settings.warnings:
    pulumi.warn(warning)
name = f"{pulumi.get_project()}-{pulumi.get_stack()}"

cluster: SksCluster | ExistingCluster
nodes: BehindLoadBalancer = {}
if settings.cluster:
    cluster = SksCluster(name, settings.cluster.args)
    nodes["instance_pool_id"] = cluster.instance_pool_id
    pulumi.export("cluster_name", cluster.cluster_name)
    if cluster.read_only_kubeconfig:
        pulumi.export("read_only_kubeconfig", cluster.read_only_kubeconfig)
else:
    assert settings.existing_cluster
    cluster = ExistingCluster(name, settings.existing_cluster.args)
on_cluster = pulumi.ResourceOptions(provider=cluster.provider, depends_on=[cluster])

ingress = None
if settings.controller:
    args = settings.controller.args
    ingress = IngressController("ingress-nginx", {**args, **nodes}, opts=on_cluster)
    pulumi.export("load_balancer_address", ingress.address)

namespaces = {
    each.name: AppNamespace(each.name, each.args, opts=on_cluster)
    for each in settings.app_namespaces
}
for app in settings.apps:
    in_namespace = pulumi.ResourceOptions.merge(
        on_cluster, pulumi.ResourceOptions(depends_on=[namespaces[app.namespace_name]])
    )
    web = WebApp(app.name, {**app.args, **nodes}, ingress, opts=in_namespace)
    pulumi.export(f"{app.name}_url", web.url)
    pulumi.export(f"{app.name}_namespace", web.namespace)

pulumi.export("kubeconfig", cluster.kubeconfig)

gc.freeze()  # ... nor is there any at the end
