"""An application's Ingress, and the address at which the application is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pulumi
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.networking.v1 import Ingress

from components.kubernetes.labels import SKIP_AWAIT
from components.kubernetes.load_balancer import load_balancer_address
from components.web_app.objects import Objects
from components.web_app.service import SERVICE_PORT
from settings.app import AppSettings
from settings.apps import ingress_annotations as annotation
from settings.apps.app_ingress import AppIngressSettings, RouteSettings
from settings.load_balancer import seconds

if TYPE_CHECKING:
    from components.existing_controller import ExistingController
    from components.ingress_controller import IngressController


class _Route(NamedTuple):
    path: str
    path_type: str
    annotations: dict[str, str]


def url(
    app: Objects,
    settings: AppSettings,
    service: Service,
    controller: IngressController | ExistingController | None,
) -> pulumi.Output[str]:
    """Through its own load balancer, else through the ingress controller, else in the cluster."""
    if settings.service == "LoadBalancer":
        address = service.status.apply(load_balancer_address)
        return pulumi.Output.concat("http://", address, "/")
    if controller is None or not settings.is_served:
        return pulumi.Output.from_input(f"http://{app.name}.{app.namespace}.svc/")
    scheme = "https" if settings.ingress and settings.ingress.tls else "http"
    path = (settings.path or "/").rstrip("/")
    return pulumi.Output.concat(f"{scheme}://", settings.host or controller.address, path, "/")


def create_ingress(
    app: Objects, settings: RouteSettings, controller: IngressController | ExistingController | None
) -> Ingress | None:
    """Serve the Service under its host and path; nothing where it has neither."""
    if controller is None or not settings.is_served:
        return None
    how = settings.ingress
    route = _route(settings)
    rule: dict[str, Any] = {
        "http": {
            "paths": [
                {
                    "path": route.path,
                    "path_type": route.path_type,
                    "backend": {"service": {"name": app.name, "port": {"number": SERVICE_PORT}}},
                }
            ]
        }
    }
    spec: dict[str, Any] = {"ingress_class_name": controller.class_name, "rules": [rule]}
    if settings.host:
        rule["host"] = settings.host
        if how and how.tls:
            secret = how.tls.secret or f"{app.name}-tls"
            spec["tls"] = [{"hosts": [settings.host], "secret_name": secret}]
    return Ingress(
        app.name,
        metadata={
            **app.metadata,
            "annotations": {
                **app.annotations,
                **route.annotations,
                **(_annotations(how) if how else {}),
                **SKIP_AWAIT,
            },
        },
        spec=spec,
        opts=app.after(*controller.ready).opts,
    )


def _route(settings: RouteSettings) -> _Route:
    """What the controller matches, and what it makes of the path.

    A regular expression needs the path type `ImplementationSpecific`: the controller refuses it
    with `Prefix` since 1.12 (kubernetes/ingress-nginx, `strict-validate-path-type`).
    """
    how, path = settings.ingress, settings.path or "/"
    if how and how.regex:
        target = {annotation.REWRITE_TARGET: how.rewrite_target} if how.rewrite_target else {}
        annotations = {annotation.USE_REGEX: "true"} | target
        return _Route(how.regex, "ImplementationSpecific", annotations)
    if path == "/" or (how and not how.rewrite):
        return _Route(path, "Prefix", {})
    return _Route(
        f"{path.replace('.', '[.]')}(/|$)(.*)",
        "ImplementationSpecific",
        {
            annotation.USE_REGEX: "true",
            annotation.REWRITE_TARGET: "/$2",
            annotation.FORWARDED_PREFIX: path,
        },
    )


def _annotations(how: AppIngressSettings) -> dict[str, str]:
    timeouts = how.timeouts
    values = {
        annotation.BODY_SIZE: how.body_size,
        annotation.CONNECT_TIMEOUT: timeouts.connect and _whole_seconds(timeouts.connect),
        annotation.READ_TIMEOUT: timeouts.read and _whole_seconds(timeouts.read),
        annotation.SEND_TIMEOUT: timeouts.send and _whole_seconds(timeouts.send),
        annotation.ALLOW_LIST: ",".join(how.allow_list) or None,
        annotation.ISSUER: how.tls.issuer if how.tls else None,
        annotation.CLUSTER_ISSUER: how.tls.cluster_issuer if how.tls else None,
    }
    return {key: value for key, value in values.items() if value is not None} | how.annotations


def _whole_seconds(duration: str) -> str:
    return str(int(seconds(duration)))
