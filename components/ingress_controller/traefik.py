"""Helm values of Traefik's chart, with which it serves Ingresses for ingress-nginx.

Source: traefik/traefik-helm-chart 41.3.0, `values.yaml`; traefik/traefik 3.7, provider
`kubernetesIngressNGINX`.
"""

from __future__ import annotations

from typing import Any

from ..exoscale.load_balancer import (
    RECOMMENDED,
    controller_annotations,
    detection_seconds,
)
from ..exoscale.placement import Placement, pod_fields, spread_constraints
from ..manifests.labels import NAME
from ..manifests.resources import resource_requirements
from .args import IngressControllerArgs
from .timeouts import drain_seconds

CONNECTION_SECONDS = 60
"""Maximum time for open connections in seconds: the chart's terminationGracePeriodSeconds."""

START_SECONDS = 10
"""Seconds in which Traefik reads all Ingresses. Its readiness check passes earlier, and until then
it answers requests with 404 (traefik/traefik, issue 10458)."""

FAILED_CHECKS = 3
"""Number of consecutive failed readiness checks after which a pod gets no requests, as with
ingress-nginx. The chart's default is 1: after one late answer, the node would drop the load
balancer's connections for ten seconds."""

ENTRY_POINTS = ("web", "websecure")
"""The chart's names for HTTP and HTTPS."""

CERTIFICATE_FOLDER = "/default-certificate"

STRICT_TRANSPORT = "strict-transport"

TLS = {
    "minVersion": "VersionTLS12",
    "cipherSuites": [
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ],
    "alpnProtocols": ["h2", "http/1.1"],
}
"""TLS options of all hosts. The TLS 1.2 cipher suites are those of Mozilla's level "intermediate"
that Go supports. Those of TLS 1.3 are not configurable. `sniStrict` is not set: hosts without a
certificate get the default one, as with ingress-nginx.

Source: wiki.mozilla.org/Security/Server_Side_TLS.
"""


def values(
    settings: IngressControllerArgs,
    namespace: str,
    service: str,
    class_name: str,
    placement: Placement | None = None,
) -> dict[str, Any]:
    """Returns Helm values for the official chart.

    Traefik buffers requests, as ingress-nginx does: without buffering, its provider ignores limits
    of the request size (`pkg/provider/kubernetes/ingress-nginx/middleware.go`). Traefik removes
    headers with an underscore, as ingress-nginx does: many applications can't distinguish
    `X_Forwarded_Prefix` from the header that the controller sets, so a client could forge it.

    Traefik accepts no more connections after the signal to stop. A `preStop` hook therefore delays
    the signal until the load balancer has stopped sending connections to the pod.

    Args:
        settings: the settings of the controller.
        namespace: the namespace of the Service.
        service: the name of the Service, which is the same as with ingress-nginx.
        class_name: the Ingress class. Its controller can't be changed in place, so it stays that of
            ingress-nginx, which Traefik's provider looks for.
        placement: the nodes of the pods.
    """
    balancer = settings.load_balancer
    chart: dict[str, Any] = {
        **_kind(settings),
        **pod_fields(placement, "nodeSelector"),
        "readinessProbe": {
            "initialDelaySeconds": START_SECONDS,
            "failureThreshold": FAILED_CHECKS,
        },
        "service": {
            "nameOverride": service,
            "annotations": RECOMMENDED | controller_annotations(balancer, placement),
            "spec": {
                "type": "LoadBalancer",
                "externalTrafficPolicy": balancer.external_traffic_policy,
            },
        },
        "ports": {name: {"http": {"underscoreHeadersStrategy": "delete"}} for name in ENTRY_POINTS},
        # Traefik rejects conflicting options instead of falling back to weaker ones.
        "core": {"strictTLSOptions": True},
        "providers": {
            # The chart's own TLS values require Traefik's CRDs in the cluster, a file does not.
            "file": {"enabled": True, "content": {"tls": {"options": {"default": TLS}}}},
            "kubernetesCRD": {"enabled": False},
            "kubernetesIngress": {"enabled": False},
            "kubernetesIngressNGINX": {
                "enabled": True,
                "ingressClass": class_name,
                "proxyRequestBuffering": True,
                "publishService": {
                    "enabled": True,
                    "pathOverride": f"{namespace}/{service}",
                },
            },
        },
        "ingressClass": {"enabled": False},
        "extraObjects": [
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "IngressClass",
                "metadata": {"name": class_name},
                "spec": {"controller": "k8s.io/ingress-nginx"},
            }
        ],
    }
    if settings.metrics:
        chart["metrics"] = {"prometheus": {"service": {"enabled": True}}}
    if settings.resources:
        chart["resources"] = resource_requirements(settings.resources)
    if settings.https and settings.https.hsts:
        _add_strict_transport(chart, settings.https.hsts)
    if settings.default_certificate:
        _add_default_certificate(chart, settings.default_certificate)
    return chart


def _kind(settings: IngressControllerArgs) -> dict[str, Any]:
    replicas = settings.replicas
    ending = {
        "lifecycle": {"preStop": {"sleep": {"seconds": detection_seconds(settings.load_balancer)}}},
        "terminationGracePeriodSeconds": drain_seconds(settings, CONNECTION_SECONDS),
    }
    if not replicas:
        return {
            "deployment": {"kind": "DaemonSet", **ending},
            "updateStrategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
        }
    kind: dict[str, Any] = {
        "deployment": {"kind": "Deployment", "replicas": replicas, **ending},
        "topologySpreadConstraints": spread_constraints({NAME: "traefik"}),
    }
    if replicas > 1:
        kind["podDisruptionBudget"] = {"enabled": True, "maxUnavailable": 1}
    return kind


def _add_strict_transport(chart: dict[str, Any], seconds: int) -> None:
    """Adds the header Strict-Transport-Security to all responses of HTTPS."""
    middleware = {"headers": {"stsSeconds": seconds}}
    chart["providers"]["file"]["content"]["http"] = {"middlewares": {STRICT_TRANSPORT: middleware}}
    chart["ports"]["websecure"]["http"]["middlewares"] = [f"{STRICT_TRANSPORT}@file"]


def _add_default_certificate(chart: dict[str, Any], secret: str) -> None:
    """Adds the default certificate from the files of a mounted Secret.

    The Secret may be created after the controller, which reads it at its start.
    """
    certificate = {
        "certFile": f"{CERTIFICATE_FOLDER}/tls.crt",
        "keyFile": f"{CERTIFICATE_FOLDER}/tls.key",
    }
    tls = chart["providers"]["file"]["content"]["tls"]
    tls["stores"] = {"default": {"defaultCertificate": certificate}}
    volume = "default-certificate"
    chart["deployment"]["additionalVolumes"] = [
        {"name": volume, "secret": {"secretName": secret, "optional": True}}
    ]
    chart["additionalVolumeMounts"] = [
        {"name": volume, "mountPath": CERTIFICATE_FOLDER, "readOnly": True}
    ]
