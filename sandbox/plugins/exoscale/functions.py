"""The provider's functions, which look something up.

Source: exoscale/terraform-provider-exoscale 0.66.0, `exoscale/datasource_exoscale_nlb.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.plugins.exoscale import api
from sandbox.plugins.exoscale.resource import timestamp
from sandbox.plugins.rpc import ProviderError


def _zones(account: api.Account, _: Mapping[str, Any]) -> dict[str, Any]:
    return {"zones": [zone["name"] for zone in account.client().list_zones()["zones"]]}


def _load_balancer(account: api.Account, asked: Mapping[str, Any]) -> dict[str, Any]:
    """One load balancer by its ID or its name. Raises ProviderError if there is none."""
    client, wanted = account.client(asked["zone"]), asked.get("id") or asked.get("name")
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
                "zone": asked["zone"],
            }
    raise ProviderError("resource not found")


FUNCTIONS: Final[Mapping[str, Callable[[api.Account, Mapping[str, Any]], dict[str, Any]]]] = {
    "exoscale:index/getNlb:getNlb": _load_balancer,
    "exoscale:index/getZones:getZones": _zones,
}
