"""What Traefik's chart is told, so that it serves the Ingresses written for ingress-nginx.

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

OPEN_SECONDS = 60
"""How long what is open may go on: the chart's terminationGracePeriodSeconds."""

START_SECONDS = 10
"""How long Traefik may take to read all Ingresses. Its own check passes before it has, and what
comes meanwhile is answered with 404 (traefik/traefik, issue 10458)."""

LATE_ANSWERS = 3
"""So many to its check, one after the other, until a pod gets nothing more: as of ingress-nginx. By
the chart it is one, after which its node drops for ten seconds what the load balancer sends."""

ENTRY_POINTS = ("web", "websecure")
"""The chart's names for HTTP and HTTPS."""

CERTIFICATE_FOLDER = "/default-certificate"

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
"""Options of all hosts: for TLS 1.2 the suites of Mozilla's level "intermediate" that Go has; those
of TLS 1.3 can't be chosen. Not `sniStrict`: hosts without a certificate of their own are to get the
default one, as from ingress-nginx.

Source: wiki.mozilla.org/Security/Server_Side_TLS.
"""


def drain_seconds(settings: IngressControllerArgs) -> int:
    """How long a pod that goes serves: until its load balancer has noticed, then what is open."""
    return detection_seconds(settings.load_balancer) + OPEN_SECONDS


def values(
    settings: IngressControllerArgs,
    namespace: str,
    service: str,
    class_name: str,
    placement: Placement | None = None,
) -> dict[str, Any]:
    """Helm values for the official chart.

    Requests are buffered, as ingress-nginx does: without that the provider heeds no limit of their
    size (`pkg/provider/kubernetes/ingress-nginx/middleware.go`). Headers with an underscore are
    taken off, as ingress-nginx does: to many applications `X_Forwarded_Prefix` is the same as the
    header that the controller sets, which a client could forge so.

    Told to stop, Traefik takes no connection any more, at once. So it is told only when the load
    balancer has noticed that the pod goes.

    Args:
        service: the name of the Service, which is the one that ingress-nginx had.
        class_name: the Ingress class, whose controller's name can't be changed in place: it stays
            that of ingress-nginx, which Traefik's provider looks for.
    """
    balancer = settings.load_balancer
    chart: dict[str, Any] = {
        **_kind(settings),
        **pod_fields(placement, "nodeSelector"),
        "readinessProbe": {
            "initialDelaySeconds": START_SECONDS,
            "failureThreshold": LATE_ANSWERS,
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
        # what would be in conflict is refused, and does not fall back to weaker options
        "core": {"strictTLSOptions": True},
        "providers": {
            # by a file: the chart's own way needs Traefik's resource definitions in the cluster
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
    if settings.default_certificate:
        _add_default_certificate(chart, settings.default_certificate)
    return chart


def _kind(settings: IngressControllerArgs) -> dict[str, Any]:
    replicas = settings.replicas
    ending = {
        "lifecycle": {"preStop": {"sleep": {"seconds": detection_seconds(settings.load_balancer)}}},
        "terminationGracePeriodSeconds": drain_seconds(settings),
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


def _add_default_certificate(chart: dict[str, Any], secret: str) -> None:
    """By files. The Secret may come later than the controller, which reads it when it starts."""
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
