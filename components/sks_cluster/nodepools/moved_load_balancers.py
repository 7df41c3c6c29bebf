"""Whether load balancers still send to a nodepool that is to go.

A Service names the nodes behind its load balancer; Exoscale's cloud controller then makes it so,
a moment later, and says it nowhere in the cluster.
"""

from __future__ import annotations

from collections.abc import Collection

from ...exoscale.load_balancer import IDENTITY
from ...exoscale.provider_functions import NLB_SERVICES, ProviderError, invoke_provider
from ...lifecycle.kubernetes_api import KubernetesApi


async def missing_moves(
    api: KubernetesApi, instance_pools: Collection[str], *, zone: str, services: Collection[str]
) -> str:
    """Which load balancers have yet to leave these instance pools; nothing if all have.

    Args:
        services: `NAMESPACE/NAME` of those that move. Others are left out: one that the same update
            takes out goes after this, with its load balancer.
    """
    waiting = []
    for service in await api.list("/api/v1/services"):
        metadata = service["metadata"]
        name = f"{metadata['namespace']}/{metadata['name']}"
        balancer = (metadata.get("annotations") or {}).get(IDENTITY)
        if name in services and service["spec"].get("type") == "LoadBalancer" and balancer:
            reason = await _reason(balancer, zone, instance_pools, len(service["spec"]["ports"]))
            if reason:
                waiting.append(f"{name} ({reason})")
    if not waiting:
        return ""
    return f"load balancers have yet to leave it, those of {', '.join(sorted(waiting))}"


async def _reason(balancer: str, zone: str, instance_pools: Collection[str], ports: int) -> str:
    """Why a load balancer has yet to leave."""
    try:
        answer = await invoke_provider(NLB_SERVICES, nlbId=balancer, zone=zone)
    except ProviderError as error:
        return str(error)
    # the official plugin leaves the key out where there is no service
    used = [each["instancePoolId"] for each in answer.get("services", ())]
    if any(pool in instance_pools for pool in used):
        return "sends to its nodes"
    return "is being made anew" if len(used) < ports else ""
