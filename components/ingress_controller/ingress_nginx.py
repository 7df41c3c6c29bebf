"""What the ingress-nginx controller's chart is told.

Source: kubernetes/ingress-nginx, chart 4.15.1, `values.yaml`; for Exoscale
`hack/manifest-templates/provider/exoscale/values.yaml`: one controller a node, and load balancers
that keep clients' addresses.
"""

from __future__ import annotations

from typing import Any

from components.kubernetes.labels import NAME
from components.kubernetes.load_balancer import RECOMMENDED, controller_annotations
from components.kubernetes.placement import Placement, pod_fields, spread
from components.kubernetes.resources import resource_requirements
from settings.ingress import IngressSettings

DRAIN_SECONDS = 300
"""The chart's terminationGracePeriodSeconds. nginx ends its workers after 240 of them
(`worker-shutdown-timeout`)."""


def values(
    settings: IngressSettings,
    namespace: str,
    placement: Placement | None = None,
) -> dict[str, Any]:
    """Helm values for the official chart."""
    balancer = settings.load_balancer
    controller: dict[str, Any] = {
        **_kind(settings.replicas),
        **pod_fields(placement, "nodeSelector"),
        "service": {
            "type": "LoadBalancer",
            "externalTrafficPolicy": balancer.external_traffic_policy,
            "annotations": RECOMMENDED | controller_annotations(balancer, placement),
        },
    }
    if settings.metrics:
        controller["metrics"] = {"enabled": True}
    if settings.resources:
        controller["resources"] = resource_requirements(settings.resources)
    if settings.default_certificate:
        secret = f"{namespace}/{settings.default_certificate}"
        controller["extraArgs"] = {"default-ssl-certificate": secret}
    if settings.admission_webhook is not None:
        controller["admissionWebhooks"] = {"enabled": settings.admission_webhook}
    return {"controller": controller}


def _kind(replicas: int | None) -> dict[str, Any]:
    """Of several replicas a disruption budget lets one go at a time: the chart's own keeps one."""
    if replicas:
        labels = {
            NAME: "ingress-nginx",
            "app.kubernetes.io/component": "controller",
        }
        return {
            "kind": "Deployment",
            "replicaCount": replicas,
            "maxUnavailable": 1,
            "topologySpreadConstraints": spread(labels),
        }
    return {
        "kind": "DaemonSet",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
    }
