"""Annotations of a Service that configure its load balancer at Exoscale."""

from __future__ import annotations

import math
from typing import Any

import pulumi

from .load_balancer_args import BalancerArgs, seconds
from .placement import Placement

LOAD_BALANCER = "service.beta.kubernetes.io/exoscale-loadbalancer-"
"""Prefix of the annotations of Exoscale's cloud controller. Other controllers ignore them.

Source: exoscale/exoscale-cloud-controller-manager, `exoscale/loadbalancer.go`.
"""

IDENTITY = f"{LOAD_BALANCER}id"
"""The annotation in which the cloud controller stores the load balancer's ID."""

RECOMMENDED = {
    f"{LOAD_BALANCER}service-strategy": "source-hash",
    f"{LOAD_BALANCER}service-healthcheck-interval": "10s",
    f"{LOAD_BALANCER}service-healthcheck-timeout": "3s",
    f"{LOAD_BALANCER}service-healthcheck-retries": "1",
}
"""Exoscale's recommendation for ingress controllers, in addition to the policy `Local`.

Source: kubernetes/ingress-nginx, `hack/manifest-templates/provider/exoscale/values.yaml`.
"""


def controller_annotations(
    settings: BalancerArgs, placement: Placement | None = None
) -> dict[str, pulumi.Input[str]]:
    """Returns the Service's annotations.

    With the policy `Local`, the health check reads each node's state (`http` with any path; the
    controller finds the port). With `Cluster`, it only connects (`tcp`), because an application
    may have no page at the path.

    Args:
        placement: the nodes behind the load balancer. Without it, the controller finds the nodes by
            itself, which works only in a cluster that always has a single nodepool: during the
            replacement of a nodepool there are two, and the load balancer keeps the old one.
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


def detection_seconds(settings: BalancerArgs) -> int:
    """Returns the seconds for which a controller's load balancer may send to a failing node.

    One `interval` passes until the first check and one before each of the `retries`. The last check
    takes up to its `timeout`.
    """
    check = settings.health_check
    given = {"interval": check.interval, "timeout": check.timeout, "retries": check.retries}
    values = {key: value or _recommended(key) for key, value in given.items()}
    interval, timeout = seconds(str(values["interval"])), seconds(str(values["timeout"]))
    return math.ceil(interval * (1 + int(values["retries"])) + timeout)


def _recommended(key: str) -> str:
    return RECOMMENDED[f"{LOAD_BALANCER}service-healthcheck-{key}"]


def replace_on_balancer_change(settings: BalancerArgs | None) -> pulumi.ResourceOptions:
    """Returns options that replace the resource with the Service when `existing` changes.

    The cloud controller cleans up only when a Service is deleted. With an update in place, the
    previous load balancer, or the Service's ports on it, would remain.
    """
    existing = settings.existing if settings else None
    return pulumi.ResourceOptions(
        replacement_trigger=existing or "none", delete_before_replace=True
    )


def load_balancer_address(status: Any) -> str:
    """Returns the address in a Service's status; empty if it has none yet."""
    entries = (status and status.load_balancer and status.load_balancer.ingress) or []
    return next((entry.ip or entry.hostname for entry in entries), "")
