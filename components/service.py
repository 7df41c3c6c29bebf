"""An application's Service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes.core.v1 import Service

if TYPE_CHECKING:
    from components.web_app import WebAppArgs

SERVICE_PORT = 80
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""Not waited for: what the Deployment's own readiness, or the controller's address, proves.

Source: pulumi/pulumi-kubernetes, annotation `pulumi.com/skipAwait`.
"""


def create_service(
    name: str, args: WebAppArgs, labels: Mapping[str, str], opts: pulumi.ResourceOptions
) -> Service:
    """The Service in front of the pods that have these `labels`."""
    has_address_to_wait_for = args["service"] == "LoadBalancer"
    return Service(
        name,
        metadata={
            "name": name,
            "namespace": args["namespace"],
            "annotations": {} if has_address_to_wait_for else SKIP_AWAIT,
        },
        spec={
            "type": args["service"],
            "selector": labels,
            "ports": [{"port": SERVICE_PORT, "target_port": args["port"]}],
        },
        opts=opts,
    )
