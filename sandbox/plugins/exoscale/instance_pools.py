"""The function `exoscale:index:getInstancePoolList`: the instance pools of a zone.

Source: exoscale/terraform-provider-exoscale 0.66.0,
`pkg/resources/instance_pool/datasource_list.go`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sandbox.plugins.exoscale.api import Clients


def instance_pool_list(account: Clients, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the function's result: the pools, each with its instances and their addresses."""
    zone = arguments["zone"]
    client = account.client(zone)
    pools = client.list_instance_pools()["instance-pools"]
    identities = "".join(sorted(pool["id"] for pool in pools))
    return {
        "id": hashlib.md5(identities.encode(), usedforsecurity=False).hexdigest(),
        "zone": zone,
        "pools": [_pool(client, zone, pool["id"]) for pool in pools],
    }


def _pool(client: Any, zone: str, identity: str) -> dict[str, Any]:
    pool = client.get_instance_pool(id=identity)
    instances = [client.get_instance(id=each["id"]) for each in pool["instances"]]
    kind = client.get_instance_type(id=pool["instance-type"]["id"])
    hosts = _identities(pool, "anti-affinity-groups")
    return {
        "id": pool["id"],
        "name": pool["name"],
        "zone": zone,
        "state": pool["state"],
        "size": pool["size"],
        "minAvailable": pool.get("min-available", 0),
        "description": pool.get("description", ""),
        "labels": pool.get("labels", {}),
        "instanceType": f"{kind['family']}.{kind['size']}",
        "instancePrefix": pool.get("instance-prefix", ""),
        "diskSize": pool["disk-size"],
        "templateId": pool["template"]["id"],
        "ipv6": pool.get("ipv6-enabled", False),
        "keyPair": pool.get("ssh-key", {}).get("name", ""),
        "userData": pool.get("user-data", ""),
        "deployTargetId": pool.get("deploy-target", {}).get("id", ""),
        "antiAffinityGroupIds": hosts,
        "affinityGroupIds": hosts,
        "securityGroupIds": _identities(pool, "security-groups"),
        "networkIds": _identities(pool, "private-networks"),
        "elasticIpIds": _identities(pool, "elastic-ips"),
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


def _identities(pool: Mapping[str, Any], kind: str) -> list[str]:
    return [each["id"] for each in pool.get(kind, ())]
