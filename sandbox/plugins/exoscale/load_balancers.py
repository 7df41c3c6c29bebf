"""The functions `exoscale:index:getNlb` and `getNlbServiceList`: load balancers of a zone.

Source: exoscale/terraform-provider-exoscale v0.66.0, `exoscale/datasource_exoscale_nlb.go`,
`pkg/resources/nlb_service`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.plugins.exoscale.api import Clients
from sandbox.plugins.exoscale.framework import TitledError
from sandbox.plugins.exoscale.resource import timestamp
from sandbox.plugins.rpc import ProviderError


def load_balancer(account: Clients, args: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a load balancer by ID or name; raises ProviderError if it doesn't exist."""
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


def load_balancer_services(account: Clients, args: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the services of a load balancer; without services, there is no key `services`."""
    if not args.get("nlbId"):
        raise ProviderError("a load balancer's services are found by nlbId alone")
    client = account.client(args["zone"])
    listed = client.list_load_balancers()["load-balancers"]
    if args["nlbId"] not in {each["id"] for each in listed}:
        raise TitledError("Unable to find Network Load Balancer: resource not found")
    balancer = client.get_load_balancer(id=args["nlbId"])
    services = [_service(service) for service in balancer["services"]]
    return {
        "id": balancer["id"],
        "nlbId": balancer["id"],
        "nlbName": balancer["name"],
        "zone": args["zone"],
        **({"services": services} if services else {}),
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
