"""What the ingress-nginx controller's chart is told.

Source: kubernetes/ingress-nginx, chart 4.15.1, `values.yaml`; for Exoscale
`hack/manifest-templates/provider/exoscale/values.yaml`: one controller a node, and load balancers
that keep clients' addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.ingress.placement import spread
from components.load_balancer import RECOMMENDED, controller_annotations

if TYPE_CHECKING:
    from components.ingress_controller import IngressControllerArgs


def values(args: IngressControllerArgs) -> dict[str, Any]:
    """Helm values for the official chart."""
    balancer = args["load_balancer"]
    controller: dict[str, Any] = {
        **_kind(args),
        "service": {
            "type": "LoadBalancer",
            "externalTrafficPolicy": balancer["external_traffic_policy"],
            "annotations": RECOMMENDED
            | controller_annotations(balancer, args.get("instance_pool_id")),
        },
    }
    if args["metrics"]:
        controller["metrics"] = {"enabled": True}
    if "resources" in args:
        controller["resources"] = args["resources"]
    if "default_certificate" in args:
        secret = f"{args['namespace']}/{args['default_certificate']}"
        controller["extraArgs"] = {"default-ssl-certificate": secret}
    if "admission_webhook" in args:
        controller["admissionWebhooks"] = {"enabled": args["admission_webhook"]}
    return {"controller": controller}


def _kind(args: IngressControllerArgs) -> dict[str, Any]:
    """Of several replicas the chart lets only one go at a time, by a disruption budget."""
    if "replicas" in args:
        labels = {
            "app.kubernetes.io/name": "ingress-nginx",
            "app.kubernetes.io/component": "controller",
        }
        return {
            "kind": "Deployment",
            "replicaCount": args["replicas"],
            "topologySpreadConstraints": spread(labels),
        }
    return {
        "kind": "DaemonSet",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
    }
