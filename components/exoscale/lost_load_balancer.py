"""A load balancer that somebody deleted, unseen by Kubernetes.

The cloud controller looks for it when the Service changes, and not before: till then the Service
shows a dead address, and so does the stack. Source: exoscale/exoscale-cloud-controller-manager,
`exoscale/loadbalancer.go`, `EnsureLoadBalancer`; kubernetes/cloud-provider,
`controllers/service/controller.go`, `needsUpdate`.
"""

from __future__ import annotations

from typing import Any

import pulumi

from .load_balancer import IDENTITY, LOAD_BALANCER, load_balancer_address
from .provider_functions import NLB, ProviderError, invoke_provider

NOT_FOUND = "resource not found"
"""The provider's words (0.66). Source: exoscale/egoscale, `v2/api/error.go`."""


def warn_if_lost(
    service: Any, zone: str, holder: pulumi.Resource | None = None
) -> pulumi.Output[bool]:
    """Warn if the load balancer that the live Service names is not in the account.

    Returns whether it is, or there is none to look for.

    Args:
        service: a Service of type `LoadBalancer`, declared or read.
        zone: the load balancer's.
        holder: the resource that makes the Service anew when it is replaced, if not the Service.
    """

    async def is_there(known: list[Any]) -> bool:
        metadata, address, urn = known
        annotations = metadata.get("annotations") or {}
        identity = annotations.get(IDENTITY)
        if not (identity and address) or await _exists(identity, zone):
            return True
        mend = f"make a new one, with another address, by: pulumi up --replace '{urn}'"
        if annotations.get(f"{LOAD_BALANCER}external"):
            mend = "give another one's ID in loadBalancer.existing"
        name = f"{metadata['namespace']}/{metadata['name']}"
        pulumi.log.warn(
            f"{name}: its load balancer {identity} is gone, and its address {address} is dead: "
            + mend
        )
        return False

    address = service.status.apply(load_balancer_address)
    known = pulumi.Output.all(service.metadata, address, (holder or service).urn)
    there: pulumi.Output[bool] = known.apply(is_there)
    return there


async def _exists(identity: str, zone: str) -> bool:
    try:
        await invoke_provider(NLB, id=identity, zone=zone)
    except ProviderError as error:
        if NOT_FOUND not in str(error):
            raise
        return False
    return True
