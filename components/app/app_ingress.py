"""An application's Ingress, and the address at which the application is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.networking.v1 import Ingress

from components.app.service import SERVICE_PORT, SKIP_AWAIT, ServiceArgs
from components.ingress_controller import IngressController
from components.load_balancer import load_balancer_address

NGINX = "nginx.ingress.kubernetes.io/"
CERT_MANAGER = "cert-manager.io/"


class TlsArgs(TypedDict, total=False):
    """One of a `secret` in the namespace, and cert-manager's `issuer` or `cluster_issuer`."""

    secret: str
    issuer: str
    cluster_issuer: str


class TimeoutsArgs(TypedDict, total=False):
    """How long the controller waits for the application, in seconds."""

    connect: int
    read: int
    send: int


class AppIngressArgs(TypedDict):
    """How the application is served.

    With `rewrite` it sees `/` where a client asked for its path. `regex` takes the place of a path;
    `rewrite_target` then is what the application sees. `body_size` is nginx's, such as `20m`.
    `allow_list` are the networks (CIDR) of the clients that may come; none: all.
    """

    rewrite: bool
    regex: NotRequired[str]
    rewrite_target: NotRequired[str]
    tls: NotRequired[TlsArgs]
    body_size: NotRequired[str]
    timeouts: TimeoutsArgs
    allow_list: Sequence[str]
    annotations: Mapping[str, str]


class RouteArgs(ServiceArgs):
    """Where the ingress controller serves the application; nowhere without any of these."""

    host: NotRequired[str]
    path: NotRequired[str]
    ingress: NotRequired[AppIngressArgs]


class _Route(TypedDict):
    path: str
    path_type: str
    annotations: dict[str, str]


def url(
    name: str, args: RouteArgs, service: Service, ingress: IngressController | None
) -> pulumi.Output[str]:
    """Through its own load balancer, else through the ingress controller, else in the cluster."""
    if args["service"] == "LoadBalancer":
        address = service.status.apply(load_balancer_address)
        return pulumi.Output.concat("http://", address, "/")
    how = args.get("ingress")
    if ingress is None or not is_served(args):
        return pulumi.Output.from_input(f"http://{name}.{args['namespace']}.svc/")
    scheme = "https" if how and "tls" in how else "http"
    path = args.get("path", "/").rstrip("/")
    return pulumi.Output.concat(f"{scheme}://", args.get("host") or ingress.address, path, "/")


def create_ingress(
    name: str, args: RouteArgs, ingress: IngressController | None, opts: pulumi.ResourceOptions
) -> Ingress | None:
    """Serve the Service under its host and path; nothing where it has neither."""
    if ingress is None or not is_served(args):
        return None
    how = args.get("ingress")
    route = _route(args)
    rule: dict[str, Any] = {
        "http": {
            "paths": [
                {
                    "path": route["path"],
                    "path_type": route["path_type"],
                    "backend": {"service": {"name": name, "port": {"number": SERVICE_PORT}}},
                }
            ]
        }
    }
    spec: dict[str, Any] = {"ingress_class_name": ingress.class_name, "rules": [rule]}
    if "host" in args:
        rule["host"] = args["host"]
        if how and "tls" in how:
            secret = how["tls"].get("secret", f"{name}-tls")
            spec["tls"] = [{"hosts": [args["host"]], "secret_name": secret}]
    return Ingress(
        name,
        metadata={
            "name": name,
            "namespace": args["namespace"],
            "annotations": route["annotations"] | (_annotations(how) if how else {}) | SKIP_AWAIT,
        },
        spec=spec,
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[ingress.release])
        ),
    )


def is_served(args: RouteArgs) -> bool:
    """Whether the application has an Ingress."""
    return bool(args.keys() & {"host", "path", "ingress"})


def _route(args: RouteArgs) -> _Route:
    """What the controller matches, and what it makes of the path.

    A regular expression needs the path type `ImplementationSpecific`: the controller refuses it
    with `Prefix` since 1.12 (kubernetes/ingress-nginx, `strict-validate-path-type`).
    """
    how = args.get("ingress")
    path = args.get("path", "/")
    if how and "regex" in how:
        annotations = {f"{NGINX}use-regex": "true"}
        if "rewrite_target" in how:
            annotations[f"{NGINX}rewrite-target"] = how["rewrite_target"]
        return {
            "path": how["regex"],
            "path_type": "ImplementationSpecific",
            "annotations": annotations,
        }
    if path == "/" or (how and not how["rewrite"]):
        return {"path": path, "path_type": "Prefix", "annotations": {}}
    return {
        "path": f"{path.replace('.', '[.]')}(/|$)(.*)",
        "path_type": "ImplementationSpecific",
        "annotations": {
            f"{NGINX}use-regex": "true",
            f"{NGINX}rewrite-target": "/$2",
            f"{NGINX}x-forwarded-prefix": path,
        },
    }


def _annotations(how: AppIngressArgs) -> dict[str, str]:
    tls = how.get("tls", {})
    timeouts = how["timeouts"]
    values = {
        f"{NGINX}proxy-body-size": how.get("body_size"),
        f"{NGINX}proxy-connect-timeout": timeouts.get("connect"),
        f"{NGINX}proxy-read-timeout": timeouts.get("read"),
        f"{NGINX}proxy-send-timeout": timeouts.get("send"),
        f"{NGINX}allowlist-source-range": ",".join(how["allow_list"]) or None,
        f"{CERT_MANAGER}issuer": tls.get("issuer"),
        f"{CERT_MANAGER}cluster-issuer": tls.get("cluster_issuer"),
    }
    return {key: str(value) for key, value in values.items() if value is not None} | dict(
        how["annotations"]
    )
