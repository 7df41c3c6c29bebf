"""The stack: a cluster, an ingress controller, and the web applications behind it."""

import gc

gc.disable()  # the SDKs make no garbage: looking for it while they load takes a third of a second

import pulumi

from components.existing_cluster import ExistingCluster
from components.ingress_nginx import IngressNginx
from components.sks_cluster import SksCluster
from components.web_app import WebApp
from settings import Settings

settings = Settings.load()
name = f"{pulumi.get_project()}-{pulumi.get_stack()}"

cluster: SksCluster | ExistingCluster
ingress_args = settings.ingress.args
if settings.cluster:
    cluster = SksCluster(name, settings.cluster.args)
    ingress_args["instance_pool_id"] = cluster.instance_pool_id
    pulumi.export("cluster_name", cluster.cluster_name)
    if cluster.read_only_kubeconfig:
        pulumi.export("read_only_kubeconfig", cluster.read_only_kubeconfig)
else:
    assert settings.existing_cluster
    cluster = ExistingCluster(name, settings.existing_cluster.args)
on_cluster = pulumi.ResourceOptions(provider=cluster.provider, depends_on=[cluster])

ingress = IngressNginx("ingress-nginx", ingress_args, opts=on_cluster)

for app in settings.apps:
    web = WebApp(app.name, app.args, ingress, opts=on_cluster)
    pulumi.export(f"{app.name}_url", web.url)
    pulumi.export(f"{app.name}_namespace", web.namespace)

pulumi.export("load_balancer_address", ingress.address)
pulumi.export("kubeconfig", cluster.kubeconfig)

gc.freeze()  # ... nor is there any at the end
