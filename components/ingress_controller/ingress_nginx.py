"""What the ingress-nginx controller's chart is told.

Source: kubernetes/ingress-nginx, chart 4.15.1, `values.yaml`; for Exoscale
`hack/manifest-templates/provider/exoscale/values.yaml`: one controller a node, and load balancers
that keep clients' addresses.
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

OPEN_SECONDS = 300
"""How long what is open may go on: the chart's terminationGracePeriodSeconds. nginx ends its
workers after 240 of them (`worker-shutdown-timeout`)."""


CHART_NAME = "ingress-nginx"


def drain_seconds(settings: IngressControllerArgs) -> int:
    """How long a pod that goes serves: until its load balancer has noticed, then what is open."""
    return detection_seconds(settings.load_balancer) + OPEN_SECONDS


def values(
    settings: IngressControllerArgs,
    release: str,
    namespace: str,
    placement: Placement | None = None,
) -> dict[str, Any]:
    """Helm values for the official chart.

    Its objects are named like the release. By default the chart adds its own name to a release's
    that does not contain it.

    nginx takes no connection any more as soon as it is told to stop. So it is told only when the
    load balancer has noticed that the pod goes.
    """
    balancer = settings.load_balancer
    arguments = {"shutdown-grace-period": str(detection_seconds(balancer))}
    controller: dict[str, Any] = {
        **_kind(settings.replicas),
        **pod_fields(placement, "nodeSelector"),
        "extraArgs": arguments,
        "terminationGracePeriodSeconds": drain_seconds(settings),
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
        arguments["default-ssl-certificate"] = f"{namespace}/{settings.default_certificate}"
    if settings.admission_webhook is not None:
        controller["admissionWebhooks"] = {"enabled": settings.admission_webhook}
    named = {} if CHART_NAME in release else {"fullnameOverride": release}
    return {"controller": controller, **named}


def _kind(replicas: int | None) -> dict[str, Any]:
    """Of several replicas a disruption budget lets one go at a time: the chart's own keeps one."""
    if replicas:
        labels = {
            NAME: CHART_NAME,
            "app.kubernetes.io/component": "controller",
        }
        return {
            "kind": "Deployment",
            "replicaCount": replicas,
            "maxUnavailable": 1,
            "topologySpreadConstraints": spread_constraints(labels),
        }
    return {
        "kind": "DaemonSet",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
    }
