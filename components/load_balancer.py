"""What Exoscale's cloud controller is told about the load balancer of a Service."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

import pulumi

LOAD_BALANCER = "service.beta.kubernetes.io/exoscale-loadbalancer-"
"""Prefix of the cloud controller's annotations; other clusters' controllers ignore them.

Source: exoscale/exoscale-cloud-controller-manager, `exoscale/loadbalancer.go`.
"""

RECOMMENDED = {
    f"{LOAD_BALANCER}service-strategy": "source-hash",
    f"{LOAD_BALANCER}service-healthcheck-interval": "10s",
    f"{LOAD_BALANCER}service-healthcheck-timeout": "3s",
    f"{LOAD_BALANCER}service-healthcheck-retries": "1",
}
"""What Exoscale recommends in front of an ingress controller, beside the policy `Local`.

Source: kubernetes/ingress-nginx, `hack/manifest-templates/provider/exoscale/values.yaml`.
"""


class HealthCheckArgs(TypedDict, total=False):
    """`mode` is `tcp` or `http`; `interval` and `timeout` are durations with a unit, `10s`."""

    mode: str
    uri: str
    port: int
    interval: str
    timeout: str
    retries: int


class BehindLoadBalancer(TypedDict, total=False):
    """The instance pool of the nodes behind load balancers.

    It must be given where the cluster has several nodepools, as it has while one is replaced.
    """

    instance_pool_id: pulumi.Input[str]


class LoadBalancerArgs(TypedDict):
    """A load balancer that the cloud controller makes and removes with the Service.

    With `existing`, the ID of one that is there, it adds the Service's ports to that one and takes
    them away again. `strategy` is `round-robin` or `source-hash`. `external_traffic_policy` is
    `Local`, which keeps clients' addresses and leaves out nodes without a pod, or `Cluster`.
    """

    existing: NotRequired[str]
    name: NotRequired[str]
    description: NotRequired[str]
    strategy: NotRequired[str]
    external_traffic_policy: str
    health_check: HealthCheckArgs


def controller_annotations(
    args: LoadBalancerArgs, instance_pool_id: pulumi.Input[str] | None = None
) -> dict[str, pulumi.Input[str]]:
    """The Service's annotations.

    With `Local`, the check asks each node for its state (`http`, any path; the controller finds the
    port); with `Cluster` it tries to connect, for a page may be missing.

    Args:
        instance_pool_id: the nodes behind the load balancer. Where the cluster has one nodepool,
            now and ever, the controller finds them by itself; while a nodepool is replaced there
            are two, and a load balancer that is not told stays with the old one.
    """
    check = args["health_check"]
    local = args["external_traffic_policy"] == "Local"
    mode = check.get("mode", "http" if local or "uri" in check else "tcp")
    values: dict[str, pulumi.Input[str] | int | None] = {
        "id": args.get("existing"),
        "external": "true" if "existing" in args else None,
        "name": args.get("name"),
        "description": args.get("description"),
        "service-strategy": args.get("strategy"),
        "service-instancepool-id": instance_pool_id,
        "service-healthcheck-mode": mode,
        "service-healthcheck-uri": check.get("uri", "/") if mode == "http" else None,
        "service-healthcheck-port": check.get("port"),
        "service-healthcheck-interval": check.get("interval"),
        "service-healthcheck-timeout": check.get("timeout"),
        "service-healthcheck-retries": check.get("retries"),
    }
    return {
        LOAD_BALANCER + key: str(value) if isinstance(value, int) else value
        for key, value in values.items()
        if value is not None
    }


def anew_for_another(args: LoadBalancerArgs | None) -> pulumi.ResourceOptions:
    """Options of the resource with the Service: replaced where `existing` changes.

    If only the ID changed, the controller would leave the former load balancer, or its ports on
    it, behind: it cleans up when the Service goes.
    """
    existing = args.get("existing") if args else None
    return pulumi.ResourceOptions(
        replacement_trigger=existing or "none", delete_before_replace=True
    )


def load_balancer_address(status: Any) -> str:
    """The address in a Service's status; empty while it has none."""
    entries = (status and status.load_balancer and status.load_balancer.ingress) or []
    return next((entry.ip or entry.hostname for entry in entries), "")
