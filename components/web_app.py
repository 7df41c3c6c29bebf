"""A web application: its namespace, Deployment, Service and rewrite Ingress."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Namespace, Secret

from components.app_ingress import create_ingress, url
from components.ingress_nginx import IngressNginx
from components.service import create_service


class WebAppArgs(TypedDict):
    """The arguments of a `WebApp`.

    `port` is the container's. `generated_secrets` are names of environment variables whose values
    are generated once and kept secret. `service` is `ClusterIP`, `NodePort` or `LoadBalancer`.
    `path` is the prefix, such as `/rickroller`, under which the ingress controller serves the app,
    which itself sees `/`; without one there is no Ingress.
    """

    image: pulumi.Input[str]
    namespace: str
    replicas: pulumi.Input[int]
    port: pulumi.Input[int]
    environment: Mapping[str, pulumi.Input[str]]
    generated_secrets: Sequence[str]
    service: str
    path: NotRequired[str]


class WebApp(pulumi.ComponentResource):
    """One application on the cluster.

    Attributes:
        namespace: the namespace of its objects, which are all named like the component.
        url: where it is reached: through its own load balancer, else through the ingress
            controller, else by its name inside the cluster.
    """

    namespace: str
    url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: WebAppArgs,
        ingress: IngressNginx,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("webapp:index:WebApp", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on)
        self.namespace = args["namespace"]

        namespace = Namespace(name, metadata={"name": self.namespace}, opts=child)
        child = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[namespace]))
        generated = {
            variable: _generated_secret(name, variable, self.namespace, child)
            for variable in args["generated_secrets"]
        }
        _deployment(name, args, self.namespace, generated, child)
        service = create_service(name, args, _selector(name), child)
        create_ingress(name, args, ingress, child)

        self.url = url(name, args, service, ingress)
        self.register_outputs({"namespace": self.namespace, "url": self.url})


def _generated_secret(
    name: str, variable: str, namespace: str, opts: pulumi.ResourceOptions
) -> Secret:
    """A Secret with a random value that later runs keep.

    Each run draws a new value, which the engine drops for the one in its state, if there is one.
    """
    value = base64.b64encode(secrets.token_urlsafe(32).encode()).decode()
    return Secret(
        f"{name}-{variable.lower().replace('_', '-')}",
        metadata={"namespace": namespace},
        data=pulumi.Output.secret({variable: value}),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["data"])),
    )


def _selector(name: str) -> dict[str, str]:
    return {"app": name}


def _deployment(
    name: str,
    args: WebAppArgs,
    namespace: str,
    generated: Mapping[str, Secret],
    opts: pulumi.ResourceOptions,
) -> Deployment:
    # Generated secrets first: a variable added later is then one more at the end of the list.
    environment = [
        {
            "name": variable,
            "value_from": {"secret_key_ref": {"name": secret.metadata.name, "key": variable}},
        }
        for variable, secret in generated.items()
    ] + [{"name": variable, "value": value} for variable, value in args["environment"].items()]
    return Deployment(
        name,
        metadata={"name": name, "namespace": namespace},
        spec={
            "replicas": args["replicas"],
            "selector": {"match_labels": _selector(name)},
            "template": {
                "metadata": {"labels": _selector(name)},
                "spec": {
                    "containers": [
                        {
                            "name": name,
                            "image": args["image"],
                            "ports": [{"container_port": args["port"]}],
                            "env": environment,
                        }
                    ]
                },
            },
        },
        opts=opts,
    )
