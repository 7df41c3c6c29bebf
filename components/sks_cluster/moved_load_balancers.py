"""Whether load balancers still send to a nodepool that is to go.

A Service names the nodes behind its load balancer; Exoscale's cloud controller then makes it so,
a moment later, and says it nowhere in the cluster.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from pulumiverse_exoscale import get_nlb_service_list_output

from components.kubernetes.api import KubernetesApi
from components.kubernetes.load_balancer import LOAD_BALANCER

IDENTITY = f"{LOAD_BALANCER}id"
"""The annotation in which the cloud controller keeps a load balancer's ID."""


async def missing_moves(api: KubernetesApi, instance_pools: Collection[str], *, zone: str) -> str:
    """Which load balancers have yet to leave these instance pools; nothing if all have."""
    waiting = []
    for service in await asyncio.to_thread(api.list, "/api/v1/services"):
        metadata = service["metadata"]
        balancer = (metadata.get("annotations") or {}).get(IDENTITY)
        if service["spec"].get("type") != "LoadBalancer" or not balancer:
            continue
        answer = get_nlb_service_list_output(nlb_id=balancer, zone=zone)
        found = (await answer.future()).services
        # while the controller makes one anew, there are fewer than ports
        settled = len(found) >= len(service["spec"]["ports"])
        if not settled or any(each.instance_pool_id in instance_pools for each in found):
            waiting.append(f"{metadata['namespace']}/{metadata['name']}")
    if not waiting:
        return ""
    return f"the load balancers of these Services still send to it: {', '.join(sorted(waiting))}"
