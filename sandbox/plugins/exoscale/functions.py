"""The provider's functions, which read from Exoscale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.plugins.exoscale.api import Clients
from sandbox.plugins.exoscale.dbaas import database_uri
from sandbox.plugins.exoscale.domain import domain
from sandbox.plugins.exoscale.domain_record import domain_records
from sandbox.plugins.exoscale.instance_pools import instance_pool_list
from sandbox.plugins.exoscale.load_balancers import load_balancer, load_balancer_services

Arguments = Mapping[str, Any]


def zones(account: Clients, args: Arguments) -> dict[str, Any]:
    """Returns the result of `getZones`."""
    return {"zones": [zone["name"] for zone in account.client().list_zones()["zones"]]}


FUNCTIONS: Final[dict[str, Callable[[Clients, Arguments], dict[str, Any]]]] = {
    "exoscale:index/getDatabaseUri:getDatabaseUri": database_uri,
    "exoscale:index/getDomain:getDomain": domain,
    "exoscale:index/getDomainRecord:getDomainRecord": domain_records,
    "exoscale:index/getInstancePoolList:getInstancePoolList": instance_pool_list,
    "exoscale:index/getNlb:getNlb": load_balancer,
    "exoscale:index/getNlbServiceList:getNlbServiceList": load_balancer_services,
    "exoscale:index/getZones:getZones": zones,
}
