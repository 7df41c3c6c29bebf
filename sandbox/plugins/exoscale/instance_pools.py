"""The function `exoscale:index:getInstancePoolList`: the instance pools of a zone.

Source: exoscale/terraform-provider-exoscale 0.66.0,
`pkg/resources/instance_pool/datasource_list.go`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.plugins.exoscale.api import Clients


def instance_pool_list(account: Clients, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What it answers: of each pool what tells it apart, and its instances with their addresses."""
    zone = arguments["zone"]
    client = account.client(zone)
    pools = client.list_instance_pools()["instance-pools"]
    return {"id": zone, "zone": zone, "pools": [_pool(client, zone, pool) for pool in pools]}


def _pool(client: Any, zone: str, pool: Mapping[str, Any]) -> dict[str, Any]:
    instances = [client.get_instance(id=each["id"]) for each in pool["instances"]]
    return {
        "id": pool["id"],
        "name": pool["name"],
        "zone": zone,
        "state": pool["state"],
        "size": pool["size"],
        "securityGroupIds": [group["id"] for group in pool.get("security-groups", [])],
        "instances": [
            {
                "id": instance["id"],
                "name": instance["name"],
                "publicIpAddress": instance["public-ip"],
                "ipv6Address": instance.get("ipv6-address", ""),
            }
            for instance in instances
        ],
    }
