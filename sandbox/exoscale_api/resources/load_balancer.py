"""Network load balancers, which belong to a zone. Services are in `load_balancer_service`."""

from collections.abc import Collection, Mapping
from uuid import uuid4

from sandbox.exoscale_api import address, timestamp
from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import Conflict, Forbidden
from sandbox.exoscale_api.organization import Organization
from sandbox.exoscale_api.quotas import Quota
from sandbox.exoscale_api.resource import Listing, Resource
from sandbox.exoscale_api.resources.instance import KIND as INSTANCE_KIND, NODEPOOL_KIND
from sandbox.exoscale_api.resources.sks_parts import firewall
from sandbox.exoscale_api.store import Json, Store
from sandbox.nlb.service import HealthCheck, Service
from sandbox.sks.spec import HEALTH_CHECKS, LOAD_BALANCERS, SksError

KIND = "load-balancer"
_QUOTA = Quota("network-load-balancer", KIND, limit=50)


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
        carry(call.organization)
        return call.done(KIND, load_balancer["id"])


def require(call: Call) -> Json:
    """Returns the load balancer in the path; raises NotFound if it doesn't exist."""
    return call.require(KIND, call.path["id"], zone=call.zone)


def refuse_if_used(call: Call, pool: str) -> None:
    """Checks that no load balancer uses a nodepool's instance pool.

    The source of the message is a user's notes on SKS. For other instance pools, the API answers
    "Operation destroyInstancePool on resource ID is forbidden - reason: Locked by NLB ID"
    (exoscale/cli, pull request 724).

    Raises:
        Forbidden: if one does.
    """
    for load_balancer in call.store.list(KIND, zone=call.zone):
        if any(service["instance-pool"]["id"] == pool for service in load_balancer["services"]):
            raise Forbidden("managed Instance Pool is locked by NLB")


def with_status(call: Call, service: Json) -> Json:
    """Returns the service with the status of each backend."""
    members = _members(call.store, service)
    healthy = _healthy(call, service, members)
    status = [
        {
            "public-ip": member["public-ip"],
            "status": "success" if member["public-ip"] in healthy else "failure",
        }
        for member in members
    ]
    return service | {"healthcheck-status": status}


def carry(organization: Organization) -> Mapping[str, str]:
    """Forwards the traffic of all services, and returns errors by the ID of the service."""
    if organization.traffic is None:
        return {}
    store = organization.store
    with store.transaction():  # otherwise a concurrent change could be overwritten
        return organization.traffic.carry(
            [
                _carried(store, load_balancer["ip"], service)
                for load_balancer in store.list(KIND)
                for service in load_balancer["services"]
            ]
        )


def _carried(store: Store, ip: str, service: Json) -> Service:
    """Returns the service with its targets: the instances of its pool that are not leaving."""
    staying = [i for i in _members(store, service) if i["state"] != "destroying"]
    check = {name.replace("-", "_"): value for name, value in service["healthcheck"].items()}
    return Service(
        id=service["id"],
        address=ip,
        protocol=service["protocol"],
        port=service["port"],
        target_port=service["target-port"],
        strategy=service["strategy"],
        health_check=HealthCheck(**check),
        targets=tuple(member["public-ip"] for member in staying),
    )


def _members(store: Store, service: Json) -> list[Json]:
    pool = service["instance-pool"]["id"]
    return [member for member in store.list(INSTANCE_KIND) if member["manager"]["id"] == pool]


def _healthy(call: Call, service: Json, members: list[Json]) -> Collection[str]:
    """Returns the addresses of the members that pass the health check.

    For simulated nodes, the result is derived from their cluster and from the security groups,
    which must allow health checks. If the cluster doesn't run, all members fail.
    """
    if call.organization.traffic is not None:
        return call.organization.traffic.healthy(service["id"])
    if not members:
        return ()
    nodepool_id = call.store.parent(INSTANCE_KIND, members[0]["id"])
    cluster_id = call.store.parent(NODEPOOL_KIND, nodepool_id)
    port = service["healthcheck"]["port"]
    try:
        names = call.organization.runtime.answering_nodes(cluster_id, port)
    except SksError:
        return ()
    return [
        member["public-ip"]
        for member in members
        if member["name"] in names
        and any(
            opening.has("tcp", port) and opening.admits(HEALTH_CHECKS)
            for opening in firewall.openings(call.store, member)
        )
    ]


def _answer(call: Call, load_balancer: Json) -> Json:
    services = [with_status(call, service) for service in load_balancer["services"]]
    return load_balancer | {"services": services}


def _free_ip(call: Call) -> str:
    used = {other["ip"] for other in call.store.list(KIND)}
    traffic = call.organization.traffic
    try:
        return address.free_address((traffic.network if traffic else LOAD_BALANCERS,), used)
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
    resume=lambda organization: list(carry(organization).values()),
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
