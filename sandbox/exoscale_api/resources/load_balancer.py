"""Network load balancers, of a zone. Their services are in `load_balancer_service`."""

from collections.abc import Collection
from contextlib import suppress
from ipaddress import IPv4Network
from uuid import uuid4

from sandbox.exoscale_api import address, timestamp
from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import Conflict, Forbidden
from sandbox.exoscale_api.quotas import Quota
from sandbox.exoscale_api.resource import Listing, Resource
from sandbox.exoscale_api.resources.instance import KIND as INSTANCE_KIND
from sandbox.exoscale_api.resources.instance import NODEPOOL_KIND
from sandbox.exoscale_api.store import Json
from sandbox.sks.spec import SksError

KIND = "load-balancer"
_QUOTA = Quota("network-load-balancer", KIND, limit=50)
_ADDRESSES = (IPv4Network("203.0.113.0/24"),)


def create_load_balancer(call: Call) -> Json:
    with call.store.transaction():
        call.organization.quotas.enforce(_QUOTA)
        load_balancer = {
            "id": str(uuid4()),
            "name": call.body["name"],
            "description": call.body.get("description", ""),
            "labels": call.body.get("labels", {}),
            "state": "running",
            "created-at": timestamp.now(),
            "ip": _free_ip(call),
            "services": [],
        }
        call.store.put(KIND, load_balancer, zone=call.zone)
        return call.done(KIND, load_balancer["id"])


def list_load_balancers(call: Call) -> Json:
    found = call.store.list(KIND, zone=call.zone)
    return {"load-balancers": [_answer(call, load_balancer) for load_balancer in found]}


def get_load_balancer(call: Call) -> Json:
    return _answer(call, require(call))


def update_load_balancer(call: Call) -> Json:
    changes = {k: call.body[k] for k in ("name", "description", "labels") if k in call.body}
    with call.store.transaction():
        load_balancer = require(call)
        call.store.put(KIND, load_balancer | changes)
        return call.done(KIND, load_balancer["id"])


def reset_load_balancer_field(call: Call) -> Json:
    default = {"description": "", "labels": {}}[call.path["field"]]
    with call.store.transaction():
        load_balancer = require(call)
        call.store.put(KIND, load_balancer | {call.path["field"]: default})
        return call.done(KIND, load_balancer["id"])


def delete_load_balancer(call: Call) -> Json:
    with call.store.transaction():
        load_balancer = require(call)
        call.store.delete(KIND, load_balancer["id"])
        return call.done(KIND, load_balancer["id"])


def require(call: Call) -> Json:
    """The load balancer that the path names; raises NotFound."""
    return call.require(KIND, call.path["id"], zone=call.zone)


def refuse_if_used(call: Call, pool: str) -> None:
    """Raise Forbidden if a load balancer sends to the instance pool, in the words of Exoscale's API
    as exoscale/cli, pull request 724, has them.
    """
    for load_balancer in call.store.list(KIND, zone=call.zone):
        if any(service["instance-pool"]["id"] == pool for service in load_balancer["services"]):
            raise Forbidden(
                f"Operation destroyInstancePool on resource {pool} is forbidden - "
                f"reason: Locked by NLB {load_balancer['id']}"
            )


def with_status(call: Call, service: Json) -> Json:
    """The service with the status of each backend: what the nodes' cluster says of them.

    All fail where there is no cluster to ask.
    """
    pool_id = service["instance-pool"]["id"]
    for nodepool in call.store.list(NODEPOOL_KIND, zone=call.zone):
        if nodepool["instance-pool"]["id"] == pool_id:
            break
    else:
        return service | {"healthcheck-status": []}
    cluster_id = call.store.parent(NODEPOOL_KIND, nodepool["id"])
    answering: Collection[str] = ()
    with suppress(SksError):
        answering = call.organization.runtime.answering_nodes(
            cluster_id, service["healthcheck"]["port"]
        )
    status = [
        {
            "public-ip": member["public-ip"],
            "status": "success" if member["name"] in answering else "failure",
        }
        for member in call.store.list(INSTANCE_KIND, parent=nodepool["id"])
    ]
    return service | {"healthcheck-status": status}


def _answer(call: Call, load_balancer: Json) -> Json:
    services = [with_status(call, service) for service in load_balancer["services"]]
    return load_balancer | {"services": services}


def _free_ip(call: Call) -> str:
    used = {other["ip"] for other in call.store.list(KIND)}
    try:
        return address.free_address(_ADDRESSES, used)
    except LookupError as error:
        raise Conflict(str(error)) from error


RESOURCE = Resource(
    KIND,
    operations={
        "create-load-balancer": create_load_balancer,
        "list-load-balancers": list_load_balancers,
        "get-load-balancer": get_load_balancer,
        "update-load-balancer": update_load_balancer,
        "reset-load-balancer-field": reset_load_balancer_field,
        "delete-load-balancer": delete_load_balancer,
    },
    quota=_QUOTA,
    status=Listing(
        "load-balancers",
        fields=("id", "name", "state", "ip", "zone", "parent"),
        derived=lambda stored: {"services": [service["name"] for service in stored["services"]]},
        columns={
            "load balancer": "name",
            "zone": "zone",
            "address": "ip",
            "state": "state",
            "services": lambda entry: ", ".join(entry["services"]),
        },
        position=2,
    ),
)
