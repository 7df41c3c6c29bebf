"""What a program asks of Exoscale without having it made.

Source: exoscale/terraform-provider-exoscale v0.66.0, `exoscale/datasource_exoscale_nlb.go`,
`pkg/resources/nlb_service`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.plugins.exoscale.api import Clients
from sandbox.plugins.exoscale.dbaas import database_uri
from sandbox.plugins.exoscale.instance_pools import instance_pool_list
from sandbox.plugins.exoscale.resource import timestamp
from sandbox.plugins.rpc import ProviderError

Arguments = Mapping[str, Any]


def zones(account: Clients, args: Arguments) -> dict[str, Any]:
    """What `getZones` answers."""
    return {"zones": [zone["name"] for zone in account.client().list_zones()["zones"]]}


def load_balancer(account: Clients, args: Arguments) -> dict[str, Any]:
    """One load balancer by its ID or its name. Raises ProviderError if there is none."""
    client, wanted = account.client(args["zone"]), args.get("id") or args.get("name")
    if not wanted:
        raise ProviderError("either name or id must be specified")
    for found in client.list_load_balancers()["load-balancers"]:
        if wanted in (found["id"], found["name"]):
            return {
                "id": found["id"],
                "name": found["name"],
                "description": found.get("description", ""),
                "ipAddress": found["ip"],
                "state": found["state"],
                "createdAt": timestamp(found["created-at"]),
                "zone": args["zone"],
            }
    raise ProviderError("resource not found")


def load_balancer_services(account: Clients, args: Arguments) -> dict[str, Any]:
    """The services of the load balancer whose ID is given."""
    if not args.get("nlbId"):
        raise ProviderError("a load balancer's services are found by nlbId alone")
    balancer = account.client(args["zone"]).get_load_balancer(id=args["nlbId"])
    return {
        "id": balancer["id"],
        "nlbId": balancer["id"],
        "nlbName": balancer["name"],
        "zone": args["zone"],
        "services": [_service(service) for service in balancer["services"]],
    }


def _service(service: Mapping[str, Any]) -> dict[str, Any]:
    check = service["healthcheck"]
    return {
        "id": service["id"],
        "name": service["name"],
        "description": service.get("description", ""),
        "instancePoolId": service["instance-pool"]["id"],
        "port": service["port"],
        "targetPort": service["target-port"],
        "protocol": service["protocol"],
        "state": service["state"],
        "strategy": service["strategy"],
        "healthcheck": {
            "mode": check["mode"],
            "port": check["port"],
            "interval": check["interval"],
            "timeout": check["timeout"],
            "retries": check["retries"],
            "uri": check.get("uri"),
            "tlsSni": check.get("tls-sni"),
        },
    }


FUNCTIONS: Final[dict[str, Callable[[Clients, Arguments], dict[str, Any]]]] = {
    "exoscale:index/getDatabaseUri:getDatabaseUri": database_uri,
    "exoscale:index/getInstancePoolList:getInstancePoolList": instance_pool_list,
    "exoscale:index/getNlb:getNlb": load_balancer,
    "exoscale:index/getNlbServiceList:getNlbServiceList": load_balancer_services,
    "exoscale:index/getZones:getZones": zones,
}
