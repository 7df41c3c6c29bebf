"""Warns about load balancers that were deleted outside of Kubernetes.

The cloud controller looks for the load balancer only when the Service changes. Until then, the
Service and the stack show an address that does not work. Source:
exoscale/exoscale-cloud-controller-manager, `exoscale/loadbalancer.go`, `EnsureLoadBalancer`;
kubernetes/cloud-provider, `controllers/service/controller.go`, `needsUpdate`.
"""

from __future__ import annotations

from typing import Any

import pulumi

from .load_balancer import IDENTITY, LOAD_BALANCER, load_balancer_address
from .provider_functions import NLB, ProviderError, invoke_provider

NOT_FOUND = "resource not found"
"""The provider's error message (0.66). Source: exoscale/egoscale, `v2/api/error.go`."""


def warn_if_lost(
    service: Any,
    zone: str,
    holder: pulumi.Resource | None = None,
    recreate: str | None = None,
) -> pulumi.Output[bool]:
    """Warns if the load balancer of a Service no longer exists.

    Args:
        service: a Service of type `LoadBalancer`, declared or read.
        zone: the load balancer's zone.
        holder: the resource whose replacement recreates the Service. Default: the Service.
        recreate: the command that creates a new load balancer. Default: it replaces `holder`.

    Returns:
        Whether the load balancer exists. True if the Service has none yet.
    """

    async def check(known: list[Any]) -> bool:
        metadata, address, urn = known
        annotations = metadata.get("annotations") or {}
        identity = annotations.get(IDENTITY)
        if not (identity and address) or await _exists(identity, zone):
            return True
        command = recreate or f"pulumi up --replace '{urn}'"
        hint = f"to create a new one with another address, run: {command}"
        if annotations.get(f"{LOAD_BALANCER}external") and not recreate:
            hint = "set loadBalancer.existing to the ID of another one"
        name = f"{metadata['namespace']}/{metadata['name']}"
        pulumi.log.warn(
            f"{name}: the load balancer {identity} was deleted, so the address {address} no longer"
            f" works: {hint}"
        )
        return False

    address = service.status.apply(load_balancer_address)
    known = pulumi.Output.all(service.metadata, address, (holder or service).urn)
    exists: pulumi.Output[bool] = known.apply(check)
    return exists


async def _exists(identity: str, zone: str) -> bool:
    try:
        await invoke_provider(NLB, id=identity, zone=zone)
    except ProviderError as error:
        if NOT_FOUND not in str(error):
            raise
        return False
    return True
