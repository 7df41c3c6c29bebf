"""Helm values of the chart ingress-nginx.

Source: kubernetes/ingress-nginx, chart 4.15.1, `values.yaml`; for Exoscale
`hack/manifest-templates/provider/exoscale/values.yaml`: one controller on each node, and load
balancers that keep the clients' addresses.
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

CONNECTION_SECONDS = 300
"""Maximum time for open connections in seconds: the chart's terminationGracePeriodSeconds. nginx
ends its workers after 240 seconds (`worker-shutdown-timeout`)."""


CHART_NAME = "ingress-nginx"


def values(
    settings: IngressControllerArgs,
    release: str,
    namespace: str,
    placement: Placement | None = None,
) -> dict[str, Any]:
    """Returns Helm values for the official chart.

    The chart's objects have the name of the release. By default, the chart appends its own name to
    the name of a release that does not contain it.

    nginx accepts no more connections after the signal to stop. The controller therefore delays the
    signal until the load balancer has stopped sending connections to the pod.
    """
    balancer = settings.load_balancer
    arguments = {"shutdown-grace-period": str(detection_seconds(balancer))}
    controller: dict[str, Any] = {
        **_kind(settings.replicas),
        **pod_fields(placement, "nodeSelector"),
        "extraArgs": arguments,
        "terminationGracePeriodSeconds": drain_seconds(settings, CONNECTION_SECONDS),
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
    if settings.https:
        controller["config"] = _strict_transport(settings.https.hsts)
    if settings.default_certificate:
        arguments["default-ssl-certificate"] = f"{namespace}/{settings.default_certificate}"
    if settings.admission_webhook is not None:
        controller["admissionWebhooks"] = {"enabled": settings.admission_webhook}
    named = {} if CHART_NAME in release else {"fullnameOverride": release}
    return {"controller": controller, **named}


def _strict_transport(seconds: int) -> dict[str, str]:
    """Returns the options for the header Strict-Transport-Security. nginx's default is a year,
    including all subdomains."""
    if not seconds:
        return {"hsts": "false"}
    return {"hsts": "true", "hsts-max-age": str(seconds), "hsts-include-subdomains": "false"}


def _kind(replicas: int | None) -> dict[str, Any]:
    """Returns the values for a Deployment with `replicas`, or for a DaemonSet.

    The disruption budget of a Deployment allows one unavailable pod. The chart's default would only
    keep one pod.
    """
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
