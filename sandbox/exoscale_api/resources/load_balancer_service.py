"""Services of load balancers. As at Exoscale, their operations refer to the load balancer."""

from uuid import uuid4

from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import BadRequest, Conflict, NotFound
from sandbox.exoscale_api.resource import Resource
from sandbox.exoscale_api.resources import instance_pool
from sandbox.exoscale_api.resources.load_balancer import KIND, carry, require, with_status
from sandbox.exoscale_api.store import Json

_UPDATABLE = ("name", "description", "protocol", "strategy", "port", "target-port", "healthcheck")
_HEALTHCHECK_DEFAULTS = {"interval": 10, "timeout": 2, "retries": 1}


def add_service_to_load_balancer(call: Call) -> Json:
    pool = call.body["instance-pool"]
    if "id" not in pool:
        raise BadRequest("Invalid request: body.instance-pool: id is missing")
    with call.store.transaction():
        load_balancer = require(call)
        service = {
            "id": str(uuid4()),
            "state": "running",
            "description": "",
            "instance-pool": {"id": instance_pool.require(call, pool["id"])["id"]},
        } | _fields(call)
        _save(call, load_balancer, [*load_balancer["services"], service])
        return call.done(KIND, load_balancer["id"])


def get_load_balancer_service(call: Call) -> Json:
    return with_status(call, _service(call, require(call)))


def update_load_balancer_service(call: Call) -> Json:
    with call.store.transaction():
        load_balancer = require(call)
        return _replace(call, load_balancer, _service(call, load_balancer) | _fields(call))


def reset_load_balancer_service_field(call: Call) -> Json:
    with call.store.transaction():
        load_balancer = require(call)
        service = _service(call, load_balancer) | {call.path["field"]: ""}
        return _replace(call, load_balancer, service)


def delete_load_balancer_service(call: Call) -> Json:
    with call.store.transaction():
        load_balancer = require(call)
        service = _service(call, load_balancer)
        _save(call, load_balancer, [s for s in load_balancer["services"] if s != service])
        return call.done(KIND, load_balancer["id"])


def _fields(call: Call) -> Json:
    fields = {name: call.body[name] for name in _UPDATABLE if name in call.body}
    if "healthcheck" in fields:
        fields["healthcheck"] = _healthcheck(fields["healthcheck"])
    return fields


def _healthcheck(given: Json) -> Json:
    healthcheck: Json = {**_HEALTHCHECK_DEFAULTS, **given}
    for name in ("mode", "port"):
        if name not in healthcheck:
            raise BadRequest(f"Invalid request: body.healthcheck: {name} is missing")
    if healthcheck["mode"] != "tcp" and "uri" not in healthcheck:
        raise BadRequest(
            f"Invalid request: body.healthcheck: mode {healthcheck['mode']} needs a uri"
        )
    if healthcheck["timeout"] > healthcheck["interval"]:
        raise BadRequest("Invalid request: body.healthcheck: timeout is longer than interval")
    return healthcheck


def _service(call: Call, load_balancer: Json) -> Json:
    service: Json
    for service in load_balancer["services"]:
        if service["id"] == call.path["service-id"]:
            return service
    raise NotFound(f"load-balancer service {call.path['service-id']} not found")


def _replace(call: Call, load_balancer: Json, service: Json) -> Json:
    services = [service if s["id"] == service["id"] else s for s in load_balancer["services"]]
    _save(call, load_balancer, services)
    return call.done(KIND, load_balancer["id"])


def _save(call: Call, load_balancer: Json, services: list[Json]) -> None:
    names = [service["name"] for service in services]
    if len(set(names)) < len(names):
        raise Conflict("The load balancer has a service of this name already")
    ports = [(service["protocol"], service["port"]) for service in services]
    if len(set(ports)) < len(ports):
        raise Conflict("The load balancer has a service on this port already")
    call.store.put(KIND, load_balancer | {"services": services})
    failures = carry(call.organization)
    if failed := [failures[service["id"]] for service in services if service["id"] in failures]:
        raise Conflict("; ".join(failed))


RESOURCE = Resource(
    "load-balancer-service",
    operations={
        "add-service-to-load-balancer": add_service_to_load_balancer,
        "get-load-balancer-service": get_load_balancer_service,
        "update-load-balancer-service": update_load_balancer_service,
        "reset-load-balancer-service-field": reset_load_balancer_service_field,
        "delete-load-balancer-service": delete_load_balancer_service,
    },
)
