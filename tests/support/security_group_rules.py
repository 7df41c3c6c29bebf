"""Rules of security groups, as Exoscale's client takes them."""

from typing import Any

HEALTH_CHECK_SOURCES = {"name": "public-nlb-healthcheck-sources", "visibility": "public"}
"""Whom the rules about load balancers' health checks are about."""


def ingress(protocol: str, first: int, last: int, **source: Any) -> dict[str, Any]:
    """A rule that lets in from `network` or `security_group` to the ports from first to last."""
    return {
        "flow_direction": "ingress",
        "protocol": protocol,
        "start_port": first,
        "end_port": last,
        **source,
    }
