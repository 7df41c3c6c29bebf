"""An application's Ingresses, and the address at which the application is reached."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pulumi
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.networking.v1 import Ingress

from ...args.inputs import is_known
from ...certificates.args import CLUSTER_ISSUER
from ...certificates.issuer import Issuer
from ...exoscale.load_balancer import load_balancer_address
from ...exoscale.load_balancer_args import seconds
from ...ingress_controller.controller import Controller
from ...manifests.labels import SKIP_AWAIT
from ..context import Objects
from . import annotations as annotation
from .args import AppIngressArgs, RouteArgs, TlsArgs

if TYPE_CHECKING:
    from ..args import WebAppArgs

LONGEST_SLUG = 200
"""Length of a name without its digest and what `tls` adds. Names have at most 253 characters."""
HTTP = 80


class _Route(NamedTuple):
    path: str
    path_type: str
    annotations: dict[str, str]


def url(
    app: Objects,
    settings: WebAppArgs,
    service: Service | None,
    controller: Controller | None,
) -> pulumi.Output[str]:
    """Returns the URL: of its own load balancer, else of the ingress controller, else in the
    cluster. It is empty without a Service."""
    if service is None:
        return pulumi.Output.from_input("")
    port = "" if settings.service_port == HTTP else f":{settings.service_port}"
    if settings.service == "LoadBalancer":
        address = service.status.apply(load_balancer_address)
        return pulumi.Output.concat("http://", address, port, "/")
    if controller is None or not settings.is_served:
        return pulumi.Output.from_input(f"http://{app.name}.{app.namespace}.svc{port}/")
    scheme = "https" if settings.ingress and settings.ingress.tls else "http"
    path = (settings.path or "/").rstrip("/")
    return pulumi.Output.concat(f"{scheme}://", settings.host or controller.address, path, "/")


def with_certificate(settings: WebAppArgs, issuer: Issuer | None) -> WebAppArgs:
    """Returns settings in which the issuer creates the certificates of the hosts, unless `tls` of
    the settings names another source."""
    if issuer is None or not settings.host or (settings.ingress and settings.ingress.tls):
        return settings
    tls = TlsArgs(cluster_issuer=issuer.name)
    ingress = (settings.ingress or AppIngressArgs()).model_copy(update={"tls": tls})
    return settings.model_copy(update={"ingress": ingress})


def create_ingresses(
    app: Objects, settings: WebAppArgs, controller: Controller | None
) -> list[Ingress]:
    """Creates an Ingress for each host; none without hosts and path.

    The resource is named after host and path, not after the application: the controller's webhook
    rejects a second Ingress for them, so that Pulumi must update the Ingress if another application
    takes over its host and path.
    """
    if controller is None or not settings.is_served:
        return []
    return [
        _create_ingress(app, settings.model_copy(update={"host": host}), controller, index)
        for index, host in enumerate(settings.hosts)
    ]


def _create_ingress(
    app: Objects, settings: WebAppArgs, controller: Controller, index: int
) -> Ingress:
    """Creates the Ingress of one host. In earlier versions, the first had the application's
    name."""
    how = settings.ingress
    route = _route(settings)
    named = _with_known_host(app, settings, index)
    name = ingress_name(named)
    rule: dict[str, Any] = {
        "http": {
            "paths": [
                {
                    "path": route.path,
                    "path_type": route.path_type,
                    "backend": {
                        "service": {"name": app.name, "port": {"number": settings.service_port}}
                    },
                }
            ]
        }
    }
    spec: dict[str, Any] = {"ingress_class_name": controller.class_name, "rules": [rule]}
    if settings.host:
        rule["host"] = settings.host
        if how and how.tls:
            secret = how.tls.secret or f"{name}-tls"
            spec["tls"] = [{"hosts": [settings.host], "secret_name": secret}]
    return Ingress(
        name,
        metadata={
            "name": _not_asked_in_previews(name),
            "namespace": app.namespace,
            "annotations": {
                **app.annotations,
                **route.annotations,
                **(_annotations(named, how) if how else {}),
                **SKIP_AWAIT,
            },
        },
        spec=spec,
        opts=pulumi.ResourceOptions.merge(
            app.after(*controller.ready).opts,
            _names_that_stay(None if index else app.name, how.tls if how else None),
        ),
    )


def _with_known_host(app: Objects, settings: WebAppArgs, index: int) -> RouteArgs:
    """Replaces a host that is an output, for names that must be known to a preview."""
    if settings.host is None or is_known(settings.host):
        return settings
    return settings.model_copy(update={"host": f"host-{index}.{app.name}.{app.namespace}"})


def _not_asked_in_previews(name: str) -> Any:
    """Returns the name of a new Ingress; in a preview, an unknown value.

    In a preview, the plugin validates each object whose fields are all known on the API server. The
    controller's webhook would reject the Ingress because of its predecessor in another namespace,
    which exists until `pulumi up`.

    Source: pulumi/pulumi-kubernetes, `provider/pkg/provider/provider.go`, `Create`.
    """
    return pulumi.UNKNOWN if pulumi.runtime.is_dry_run() else name


def _names_that_stay(app: str | None, tls: TlsArgs | None) -> pulumi.ResourceOptions:
    """Returns options that keep the name of an Ingress from an earlier version, named `app`.

    They also keep the name of the Secret that cert-manager created: another name would request
    another certificate. A change of the certificate's source replaces the Ingress, because the
    source decides who names the Secret.
    """
    made = tls is not None and not tls.secret
    kept = ["metadata.name", *(["spec.tls[0].secretName"] if made else [])]
    return pulumi.ResourceOptions(
        aliases=[pulumi.Alias(name=app)] if app else None,
        ignore_changes=kept,
        replacement_trigger=tls and ("made" if made else "given"),
    )


def ingress_name(settings: RouteArgs) -> str:
    """Returns the name of the Ingress for a host and path: both as a slug, and a digest of both.

    The path is the one in the Ingress, which the controller's webhook compares.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", _place(settings).lower()).strip("-")[:LONGEST_SLUG]
    return f"{slug.rstrip('-') or 'root'}-{_digest(settings)}"


def _place(settings: RouteArgs) -> str:
    return f"{settings.host or ''}{_route(settings).path}"


def _digest(settings: RouteArgs) -> str:
    return hashlib.sha256(_place(settings).encode()).hexdigest()[:8]


def _route(settings: RouteArgs) -> _Route:
    """Returns the path that the controller matches, and annotations that rewrite it.

    A regular expression needs the path type `ImplementationSpecific`: since 1.12, the controller
    rejects it and a `~` with `Prefix` (kubernetes/ingress-nginx, `strict-validate-path-type`).
    """
    how, path = settings.ingress, settings.path or "/"
    as_regex = path.replace(".", "[.]")
    if how and how.regex:
        target = {annotation.REWRITE_TARGET: how.rewrite_target} if how.rewrite_target else {}
        annotations = {annotation.USE_REGEX: "true"} | target
        return _Route(how.regex, "ImplementationSpecific", annotations)
    kept = path == "/" or (how is not None and not how.rewrite)
    if kept and "~" not in path:
        return _Route(path, "Prefix", {})
    if kept:
        return _Route(f"{as_regex}(/|$)", "ImplementationSpecific", {annotation.USE_REGEX: "true"})
    return _Route(
        f"{as_regex}(/|$)(.*)",
        "ImplementationSpecific",
        {
            annotation.USE_REGEX: "true",
            annotation.REWRITE_TARGET: "/$2",
            annotation.FORWARDED_PREFIX: path,
        },
    )


def _annotations(settings: RouteArgs, how: AppIngressArgs) -> dict[str, str]:
    timeouts = how.timeouts
    values = {
        annotation.BODY_SIZE: how.body_size,
        annotation.CONNECT_TIMEOUT: timeouts.connect and _whole_seconds(timeouts.connect),
        annotation.READ_TIMEOUT: timeouts.read and _whole_seconds(timeouts.read),
        annotation.SEND_TIMEOUT: timeouts.send and _whole_seconds(timeouts.send),
        annotation.ALLOW_LIST: ",".join(how.allow_list) or None,
        annotation.ISSUER: how.tls.issuer if how.tls else None,
        CLUSTER_ISSUER: how.tls.cluster_issuer if how.tls else None,
    }
    given = {key: value for key, value in values.items() if value is not None}
    sticky = how.annotations.get(annotation.AFFINITY) == "cookie"
    return {**given, **(_cookie(settings) if sticky else {}), **how.annotations}


def _cookie(settings: RouteArgs) -> dict[str, str]:
    """Returns the name and path of the cookie that leads a client to the same pod again.

    By default each application's cookie has the same name. Traefik sets it for the path `/`, so
    that applications of one host overwrite it; ingress-nginx sets it for the path of the Ingress,
    which may be a regular expression and then matches no request.

    Sources: kubernetes/ingress-nginx, docs/examples/affinity/cookie; traefik/traefik v3.7,
    pkg/provider/kubernetes/ingress-nginx/translator.go, `buildSticky`.
    """
    return {
        annotation.COOKIE_NAME: f"INGRESSCOOKIE-{_digest(settings)}",
        annotation.COOKIE_PATH: settings.path or "/",
    }


def _whole_seconds(duration: str) -> str:
    return str(int(seconds(duration)))
