"""Managed PostgreSQL services, identified by name. Their settings are stored; no server runs."""

import time
from secrets import token_urlsafe
from uuid import uuid4

from sandbox.exoscale_api import not_simulated
from sandbox.exoscale_api.call import Call
from sandbox.exoscale_api.errors import Conflict, Forbidden, NotFound
from sandbox.exoscale_api.jobs import Reference
from sandbox.exoscale_api.resource import Listing, Resource
from sandbox.exoscale_api.store import Json
from sandbox.exoscale_api.timestamp import now

KIND = "dbaas-postgres"

ADMIN = "avnadmin"
_PORT = 21699
_FIELDS = ("plan", "version", "ip-filter", "backup-schedule", "termination-protection")
_COMMON = (
    "name",
    "plan",
    "type",
    "zone",
    "state",
    "termination-protection",
    "created-at",
    "updated-at",
)
"""Fields of each service in the list (OpenAPI, dbaas-service-common), in addition to its node."""
_SETTLES_SECONDS = 3.0
"""Time for which a service is rebuilding after its creation or a change of its plan. At Exoscale it
takes minutes."""
_INTERNAL = ("id", "password", "runs-at")
_NODE = {"node-count": 1, "node-cpu-count": 2, "node-memory": 4 * 2**30, "disk-size": 80 * 2**30}


def create_dbaas_service_pg(call: Call) -> Json:
    _refuse_others(call, "create-dbaas-service-pg")
    with call.store.transaction():
        name = call.path["name"]
        if any(service["name"] == name for service in call.store.list(KIND)):
            raise Conflict(f"Service name {name} is already in use")
        service = {
            "id": str(uuid4()),
            "name": name,
            "password": token_urlsafe(16),
            "version": "17",
            "ip-filter": [],
            "backup-schedule": {"backup-hour": 2, "backup-minute": 13},
            "termination-protection": False,
            "created-at": now(),
            "updated-at": now(),
            "runs-at": time.time() + _SETTLES_SECONDS,
            **_given(call),
        }
        call.store.put(KIND, service, zone=call.zone)
        return _done(call, service)


def list_dbaas_services(call: Call) -> Json:
    services = [_answer(call.zone, service) for service in call.store.list(KIND, zone=call.zone)]
    return {
        "dbaas-services": [
            {key: service[key] for key in (*_COMMON, *_NODE)} for service in services
        ]
    }


def get_dbaas_service_pg(call: Call) -> Json:
    return _answer(call.zone, _require(call, call.path["name"]))


def get_dbaas_settings_pg(call: Call) -> Json:
    """Returns no schemas, because no setting is simulated."""
    parts = ("pg", "pgbouncer", "pglookout", "timescaledb")
    return {"settings": {part: {"type": "object", "properties": {}} for part in parts}}


def _answer(zone: str, service: Json) -> Json:
    host = f"{service['name']}.invalid"
    stored = {key: value for key, value in service.items() if key not in _INTERNAL}
    return {
        **stored,
        **_NODE,
        "type": "pg",
        "zone": zone,
        "state": "running" if service.get("runs-at", 0) <= time.time() else "rebuilding",
        "users": [{"type": "primary", "username": ADMIN}],
        "maintenance": {"dow": "sunday", "time": "03:12:00", "updates": []},
        "prometheus-uri": {"host": host, "port": 9273},
        "uri": f"postgres://{ADMIN}@{host}:{_PORT}/defaultdb?sslmode=require",
        "uri-params": {"host": host, "port": str(_PORT), "user": ADMIN, "dbname": "defaultdb"},
    }


def update_dbaas_service_pg(call: Call) -> Json:
    _refuse_others(call, "update-dbaas-service-pg")
    with call.store.transaction():
        before = _require(call, call.path["name"])
        service = before | _given(call) | {"updated-at": now()}
        if service["plan"] != before["plan"]:
            service["runs-at"] = time.time() + _SETTLES_SECONDS
        call.store.put(KIND, service)
        return _done(call, service)


def delete_dbaas_service(call: Call) -> Json:
    with call.store.transaction():
        service = _require(call, call.path["name"])
        if service["termination-protection"]:
            raise Forbidden("Service is protected against termination and shutdown")
        call.store.delete(KIND, service["id"])
        return _done(call, service)


def reveal_dbaas_postgres_user_password(call: Call) -> Json:
    return {"username": ADMIN, "password": _require_user(call)["password"]}


def reset_dbaas_postgres_user_password(call: Call) -> Json:
    """Sets the given password, or a generated one."""
    with call.store.transaction():
        password = call.body.get("password") or token_urlsafe(16)
        service = _require_user(call) | {"password": password, "updated-at": now()}
        call.store.put(KIND, service)
        return _done(call, service)


def get_dbaas_ca_certificate(call: Call) -> Json:
    """Returns a placeholder, because there is no server with a certificate."""
    return {"certificate": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"}


def _require(call: Call, name: str) -> Json:
    for service in call.store.list(KIND, zone=call.zone):
        if service["name"] == name:
            return service
    raise NotFound(f"Service {name} does not exist")


def _require_user(call: Call) -> Json:
    """Returns the service of the user in the path, who must be the administrator."""
    service = _require(call, call.path["service-name"])
    if call.path["username"] != ADMIN:
        raise NotFound(f"user {call.path['username']} not found")
    return service


def _given(call: Call) -> Json:
    return {name: call.body[name] for name in _FIELDS if name in call.body}


def _refuse_others(call: Call, operation: str) -> None:
    not_simulated.refuse(call, operation, [name for name in call.body if name not in _FIELDS])


def _done(call: Call, service: Json) -> Json:
    path = f"/{KIND}/{service['name']}"
    return call.jobs.done(Reference(service["id"], path, "get-dbaas-service-pg"))


RESOURCE = Resource(
    KIND,
    operations={
        "list-dbaas-services": list_dbaas_services,
        "get-dbaas-settings-pg": get_dbaas_settings_pg,
        "create-dbaas-service-pg": create_dbaas_service_pg,
        "get-dbaas-service-pg": get_dbaas_service_pg,
        "update-dbaas-service-pg": update_dbaas_service_pg,
        "delete-dbaas-service": delete_dbaas_service,
        "reveal-dbaas-postgres-user-password": reveal_dbaas_postgres_user_password,
        "reset-dbaas-postgres-user-password": reset_dbaas_postgres_user_password,
        "get-dbaas-ca-certificate": get_dbaas_ca_certificate,
    },
    status=Listing(
        "databases",
        fields=("id", "name", "plan", "version", "zone", "parent"),
        columns={"database": "name", "zone": "zone", "plan": "plan", "version": "version"},
        position=5,
    ),
)
