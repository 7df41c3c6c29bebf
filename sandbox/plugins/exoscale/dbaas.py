"""`exoscale:index:Dbaas`, of type pg alone, and the function that tells its URI.

Source: exoscale/terraform-provider-exoscale 0.66.0, `pkg/resources/database/resource_service.go`,
`resource_service_pg.go` and `datasource_uri.go`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from sandbox.plugins.exoscale.api import Clients, ProviderCall
from sandbox.plugins.exoscale.fields import (
    Field,
    autonamed,
    forcing_replacement,
    given,
    optional,
    output,
)
from sandbox.plugins.exoscale.resource import Properties, ResourceType, timestamp
from sandbox.plugins.rpc import ProviderError

ADMIN: Final = "avnadmin"
OTHER_TYPES: Final = ("grafana", "kafka", "mysql", "opensearch", "valkey")
NOT_SIMULATED: Final = (
    "adminPassword",
    "adminUsername",
    "pgSettings",
    "pgbouncerSettings",
    "pglookoutSettings",
)
PG: Final = (
    optional("adminPassword", secret=True),
    *(optional(name, computed=True) for name in NOT_SIMULATED[1:]),
    optional("backupSchedule", computed=True),
    optional("ipFilters", "set", computed=True),
    optional("version", computed=True),
)
OUTPUTS: Final = {
    "createdAt": "created-at",
    "diskSize": "disk-size",
    "nodeCpus": "node-cpu-count",
    "nodeMemory": "node-memory",
    "nodes": "node-count",
    "plan": "plan",
    "state": "state",
    "terminationProtection": "termination-protection",
    "updatedAt": "updated-at",
}


class Dbaas(ResourceType):
    token = "exoscale:index/dbaas:Dbaas"
    fields: ClassVar[tuple[Field, ...]] = (
        *forcing_replacement(autonamed(), given("type"), given("zone")),
        given("plan"),
        optional("terminationProtection", "boolean", default=True),
        optional("maintenanceDow", computed=True),
        optional("maintenanceTime", computed=True),
        optional("pg", "object", fields=PG),
        *(optional(name, "object") for name in (*OTHER_TYPES, "timeouts")),
        output("caCertificate"),
        output("createdAt"),
        *(output(name, "integer") for name in ("diskSize", "nodeCpus", "nodeMemory", "nodes")),
        output("state"),
        output("updatedAt"),
    )

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        if inputs["type"] != "pg":
            raise ProviderError(f"the type {inputs['type']} is not simulated")
        pg = inputs.get("pg") or {}
        body = {
            "plan": inputs["plan"],
            "termination_protection": inputs["terminationProtection"],
            **_body(pg, ("backupSchedule", "ipFilters", "version")),
        }
        client = call.account.client(inputs["zone"])
        operation = client.create_dbaas_service_pg(name=inputs["name"], **body)
        call.object_id = inputs["name"]
        call.wait(client, operation, "creating the database")
        return {}

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        client = call.account.client(state["zone"])
        service = client.get_dbaas_service_pg(name=object_id)
        outputs = {name: service[key] for name, key in OUTPUTS.items()}
        outputs |= {name: timestamp(outputs[name]) for name in ("createdAt", "updatedAt")}
        schedule = service["backup-schedule"]
        return outputs | {
            "name": object_id,
            "type": "pg",
            "zone": state["zone"],
            "caCertificate": client.get_dbaas_ca_certificate()["certificate"],
            "maintenanceDow": service["maintenance"]["dow"],
            "maintenanceTime": service["maintenance"]["time"],
            "pg": {
                "backupSchedule": "{backup-hour:02}:{backup-minute:02}".format(**schedule),
                "ipFilters": sorted(service["ip-filter"]),
                "version": service["version"].partition(".")[0],
            },
        }

    def update(
        self,
        call: ProviderCall,
        object_id: str,
        state: Properties,
        news: Properties,
        changed: set[str],
    ) -> None:
        """Every update sends the backup schedule, and fails where it is not given.

        The version is not sent.
        """
        if not changed:
            return
        client = call.account.client(state["zone"])
        body: dict[str, Any] = {
            "plan": news["plan"],
            "termination_protection": news["terminationProtection"],
        }
        if pg := news.get("pg"):
            body |= _body({"backupSchedule": "", **pg}, ("backupSchedule", "ipFilters"))
        operation = client.update_dbaas_service_pg(name=object_id, **body)
        call.wait(client, operation, "updating the database")

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        client = call.account.client(state["zone"])
        operation = client.delete_dbaas_service(name=object_id)
        call.wait(client, operation, "deleting the database")


def _body(pg: Properties, names: tuple[str, ...]) -> dict[str, Any]:
    """What a request says of the properties `names` of `pg`.

    Raises:
        ProviderError: for a schedule that is none, or a property that is not simulated.
    """
    for name in NOT_SIMULATED:
        if pg.get(name):
            raise ProviderError(f"pg.{name} is not simulated")
    body: dict[str, Any] = {}
    if "backupSchedule" in names and "backupSchedule" in pg:
        body["backup_schedule"] = _schedule(pg["backupSchedule"])
    if "ipFilters" in names and pg.get("ipFilters") is not None:
        body["ip_filter"] = pg["ipFilters"]
    if "version" in names and pg.get("version"):
        body["version"] = pg["version"]
    return body


def _schedule(text: str) -> dict[str, int]:
    hour, colon, minute = text.partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal()):
        problem = f'invalid value "{text}" for backup schedule, expecting HH:MM'
        raise ProviderError(f"Unable to parse backup schedule, got error: {problem}")
    return {"backup-hour": int(hour), "backup-minute": int(minute)}


def database_uri(account: Clients, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What `getDatabaseUri` answers of a service of type pg: its administrator's URI."""
    if arguments["type"] != "pg":
        raise ProviderError(f"the type {arguments['type']} is not simulated")
    name, client = arguments["name"], account.client(arguments["zone"])
    service = client.get_dbaas_service_pg(name=name)
    secret = client.reveal_dbaas_postgres_user_password(service_name=name, username=ADMIN)
    scheme, _, rest = service["uri"].partition("://")
    at = rest.partition("@")[2]
    parts = service["uri-params"]
    return {
        **arguments,
        "id": name,
        "uri": f"{scheme}://{secret['username']}:{secret['password']}@{at}",
        "schema": scheme,
        "host": parts["host"],
        "port": int(parts["port"]),
        "username": parts["user"],
        "password": secret["password"],
        "dbName": parts["dbname"],
    }
