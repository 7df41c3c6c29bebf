"""Checks whether load balancers still send to a nodepool that Pulumi will delete.

An annotation of a Service defines the nodes behind its load balancer. Exoscale's cloud controller
applies it a moment later and does not report that in the cluster.
"""

from __future__ import annotations

from collections.abc import Collection

from ...exoscale.load_balancer import IDENTITY
from ...exoscale.provider_functions import NLB_SERVICES, ProviderError, invoke_provider
from ...lifecycle.kubernetes_api import KubernetesApi


async def missing_moves(
    api: KubernetesApi, instance_pools: Collection[str], *, zone: str, services: Collection[str]
) -> str:
    """Returns the load balancers that still use these instance pools. Empty if none does.

    Args:
        services: `NAMESPACE/NAME` of the Services to check. A Service that the same update removes
            is not among them: Pulumi deletes it, and its load balancer, later.
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
    return f"the load balancers of these Services have not moved yet: {', '.join(sorted(waiting))}"


async def _reason(balancer: str, zone: str, instance_pools: Collection[str], ports: int) -> str:
    """Returns why a load balancer has not moved yet. Empty if it has."""
    try:
        answer = await invoke_provider(NLB_SERVICES, nlbId=balancer, zone=zone)
    except ProviderError as error:
        return str(error)
    # the official plugin omits the key if there is no service
    used = [each["instancePoolId"] for each in answer.get("services", ())]
    if any(pool in instance_pools for pool in used):
        return "sends to its nodes"
    return "is being recreated" if len(used) < ports else ""
