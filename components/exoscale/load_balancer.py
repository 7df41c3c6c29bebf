"""What Exoscale's cloud controller is told about the load balancer of a Service."""

from __future__ import annotations

import math
from typing import Any

import pulumi

from .load_balancer_args import LoadBalancerArgs, seconds
from .placement import Placement

LOAD_BALANCER = "service.beta.kubernetes.io/exoscale-loadbalancer-"
"""Prefix of the cloud controller's annotations; other clusters' controllers ignore them.

Source: exoscale/exoscale-cloud-controller-manager, `exoscale/loadbalancer.go`.
"""

IDENTITY = f"{LOAD_BALANCER}id"
"""The annotation in which it keeps a load balancer's ID."""

RECOMMENDED = {
    f"{LOAD_BALANCER}service-strategy": "source-hash",
    f"{LOAD_BALANCER}service-healthcheck-interval": "10s",
    f"{LOAD_BALANCER}service-healthcheck-timeout": "3s",
    f"{LOAD_BALANCER}service-healthcheck-retries": "1",
}
"""What Exoscale recommends in front of an ingress controller, beside the policy `Local`.

Source: kubernetes/ingress-nginx, `hack/manifest-templates/provider/exoscale/values.yaml`.
"""


def controller_annotations(
    settings: LoadBalancerArgs, placement: Placement | None = None
) -> dict[str, pulumi.Input[str]]:
    """The Service's annotations.

    With `Local`, the check asks each node for its state (`http`, any path; the controller finds the
    port); with `Cluster` it tries to connect, for a page may be missing.

    Args:
        placement: the nodes behind the load balancer. Where the cluster has one nodepool,
            now and ever, the controller finds them by itself; while a nodepool is replaced there
            are two, and a load balancer that is not told stays with the old one.
    """
    check = settings.health_check
    local = settings.external_traffic_policy == "Local"
    mode = check.mode or ("http" if local or check.uri else "tcp")
    values: dict[str, pulumi.Input[str] | int | None] = {
        "id": settings.existing,
        "external": "true" if settings.existing else None,
        "name": settings.name,
        "description": settings.description,
        "service-strategy": settings.strategy,
        "service-instancepool-id": placement and placement.instance_pool_id,
        "service-healthcheck-mode": mode,
        "service-healthcheck-uri": (check.uri or "/") if mode == "http" else None,
        "service-healthcheck-port": check.port,
        "service-healthcheck-interval": check.interval,
        "service-healthcheck-timeout": check.timeout,
        "service-healthcheck-retries": check.retries,
    }
    return {
        LOAD_BALANCER + key: str(value) if isinstance(value, int) else value
        for key, value in values.items()
        if value is not None
    }


def detection_seconds(settings: LoadBalancerArgs) -> int:
    """How long a controller's load balancer may still send to a node that has begun to fail.

    It is `interval` until the first check, as long again for each of the `retries`, and the last
    check has its time.
    """
    check = settings.health_check
    given = {"interval": check.interval, "timeout": check.timeout, "retries": check.retries}
    told = {key: value or _recommended(key) for key, value in given.items()}
    interval, timeout = seconds(str(told["interval"])), seconds(str(told["timeout"]))
    return math.ceil(interval * (1 + int(told["retries"])) + timeout)


def _recommended(key: str) -> str:
    return RECOMMENDED[f"{LOAD_BALANCER}service-healthcheck-{key}"]


def replace_on_balancer_change(settings: LoadBalancerArgs | None) -> pulumi.ResourceOptions:
    """Options of the resource with the Service: replaced where `existing` changes.

    If only the ID changed, the controller would leave the former load balancer, or its ports on
    it, behind: it cleans up when the Service goes.
    """
    existing = settings.existing if settings else None
    return pulumi.ResourceOptions(
        replacement_trigger=existing or "none", delete_before_replace=True
    )


def load_balancer_address(status: Any) -> str:
    """The address in a Service's status; empty while it has none."""
    entries = (status and status.load_balancer and status.load_balancer.ingress) or []
    return next((entry.ip or entry.hostname for entry in entries), "")
