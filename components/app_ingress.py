"""An application's Ingress, and the address at which the application is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.networking.v1 import Ingress

from components.ingress_nginx import IngressNginx, load_balancer_address
from components.service import SERVICE_PORT, SKIP_AWAIT

if TYPE_CHECKING:
    from components.web_app import WebAppArgs


def url(name: str, args: WebAppArgs, service: Service, ingress: IngressNginx) -> pulumi.Output[str]:
    """Through its own load balancer, else through the ingress controller, else in the cluster."""
    if args["service"] == "LoadBalancer":
        address = service.status.apply(load_balancer_address)
        return pulumi.Output.concat("http://", address, "/")
    if "path" in args:
        return pulumi.Output.concat("http://", ingress.address, args["path"], "/")
    return pulumi.Output.from_input(f"http://{name}.{args['namespace']}.svc/")


def create_ingress(
    name: str, args: WebAppArgs, ingress: IngressNginx, opts: pulumi.ResourceOptions
) -> Ingress | None:
    """Serve the Service under its `path`, which the controller strips; nothing without a path.

    A regular expression needs the path type `ImplementationSpecific`: the controller refuses it
    with `Prefix` since 1.12 (kubernetes/ingress-nginx, `strict-validate-path-type`).
    """
    path = args.get("path")
    if path is None:
        return None
    backend = {"service": {"name": name, "port": {"number": SERVICE_PORT}}}
    return Ingress(
        name,
        metadata={
            "name": name,
            "namespace": args["namespace"],
            "annotations": {
                "nginx.ingress.kubernetes.io/use-regex": "true",
                "nginx.ingress.kubernetes.io/rewrite-target": "/$2",
                "nginx.ingress.kubernetes.io/x-forwarded-prefix": path,
                **SKIP_AWAIT,
            },
        },
        spec={
            "ingress_class_name": ingress.class_name,
            "rules": [
                {
                    "http": {
                        "paths": [
                            {
                                "path": f"{path.replace('.', '[.]')}(/|$)(.*)",
                                "path_type": "ImplementationSpecific",
                                "backend": backend,
                            }
                        ]
                    }
                }
            ],
        },
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[ingress.release])
        ),
    )
