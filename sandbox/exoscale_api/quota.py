"""Quotas of the account. Exoscale sets them per organization; these are the sandbox's own."""

from collections.abc import Mapping

from sandbox.exoscale_api.call import Call, Handler
from sandbox.exoscale_api.errors import Forbidden, NotFound
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.store import Json

DEFAULT_QUOTAS: Mapping[str, int] = {
    "instance": 100,
    "network-load-balancer": 50,
    "private-network": 50,
    "sks-cluster": 10,
}

_KINDS = {
    "instance": "instance",
    "network-load-balancer": "load-balancer",
    "private-network": "private-network",
    "sks-cluster": "sks-cluster",
}


def enforce(organization: Organization, resource: str, more: int = 1) -> None:
    """Raise Forbidden if `more` of the resource would exceed the account's quota."""
    quota = _quota(organization, resource)
    if quota["usage"] + more > quota["limit"]:
        raise Forbidden(
            f"Quota exceeded: {quota['usage']} of {quota['limit']} {resource} in use, "
            f"{more} more asked for"
        )


def list_quotas(call: Call) -> Json:
    return {
        "quotas": [_quota(call.organization, resource) for resource in call.organization.quotas]
    }


def get_quota(call: Call) -> Json:
    resource = call.path["entity"]
    if resource not in call.organization.quotas:
        raise NotFound(f"quota {resource} not found")
    return _quota(call.organization, resource)


def _quota(organization: Organization, resource: str) -> Json:
    usage = len(organization.store.list(_KINDS[resource]))
    limit = organization.faults.quota(resource, organization.quotas[resource])
    return {"resource": resource, "usage": usage, "limit": limit}


OPERATIONS: dict[str, Handler] = {"list-quotas": list_quotas, "get-quota": get_quota}
