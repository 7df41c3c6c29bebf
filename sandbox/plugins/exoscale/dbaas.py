"""`exoscale:index:Dbaas`, only of type pg, and the function that returns its URI.

Source: exoscale/terraform-provider-exoscale 0.66.0, `pkg/resources/database/resource_service.go`,
`resource_service_pg.go` and `datasource_uri.go`.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from sandbox.plugins.exoscale.api import (
    DEFAULT_TIMEOUT,
    FIRST_POLL_DELAY,
    MAX_POLL_DELAY,
    Clients,
    ProviderCall,
    V3Client,
    is_not_found,
)
from sandbox.plugins.exoscale.fields import (
    Field,
    autonamed,
    forcing_replacement,
    given,
    optional,
    output,
)
from sandbox.plugins.exoscale.framework import TitledError, client_errors
from sandbox.plugins.exoscale.resource import Properties, ResourceType, timestamp
from sandbox.plugins.rpc import ProviderError
from sandbox.plugins.wire import Unknown

ADMIN: Final = "avnadmin"
ZONES: Final = (
    "ch-gva-2",
    "ch-dk-2",
    "at-vie-1",
    "at-vie-2",
    "de-fra-1",
    "bg-sof-1",
    "de-muc-1",
    "hr-zag-1",
)
"""The zones in this version of the provider (`pkg/config/zones.go`)."""
BEING_BUILT: Final = ("rebalancing", "rebuilding")
NOT_READ: Final = "Unable to read Database Service Postgres"
OTHER_TYPES: Final = ("grafana", "kafka", "mysql", "opensearch", "valkey")
COMPUTED_SETTINGS: Final = ("pgSettings", "pgbouncerSettings", "pglookoutSettings")
NOT_SIMULATED: Final = ("adminPassword", "adminUsername", *COMPUTED_SETTINGS)
PG: Final = (
    optional("adminPassword", secret=True),
    optional("adminUsername"),
    *(optional(name, computed=True) for name in COMPUTED_SETTINGS),
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
    framework = True
    schema_version = 1
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
        output("diskSize", "integer"),
        *(output(name, "integer", unsettled=True) for name in ("nodeCpus", "nodeMemory", "nodes")),
        output("state", unsettled=True),
        output("updatedAt", unsettled=True),
    )

    def problems(self, news: Properties) -> list[tuple[str, str]]:
        found = []
        zone, kind, pg = news.get("zone"), news.get("type"), news.get("pg")
        if isinstance(zone, str) and zone not in ZONES:
            choices = " ".join(f'"{each}"' for each in ZONES)
            reason = f'Attribute zone value must be one of: [{choices}], got: "{zone}"'
            found.append(("zone", f"Invalid Attribute Value Match. {reason}"))
        if kind == "pg" and pg is None:
            reason = 'Attribute "pg" must be defined when database type is "pg"'
            found.append(("pg", f"Attribute is required. {reason}"))
        networks = (pg or {}).get("ipFilters")
        for network in networks if isinstance(networks, list) else ():
            if not isinstance(network, Unknown) and not _is_network(network):
                reason = f"Cannot parse string as CIDR notation: invalid CIDR address: {network}"
                found.append(("pg.ipFilters", f"Invalid String Format. {reason}"))
        return found

    def create(self, call: ProviderCall, inputs: Properties) -> dict[str, Any]:
        if inputs["type"] != "pg":
            raise ProviderError(f"the type {inputs['type']} is not simulated")
        body = {
            "plan": inputs["plan"],
            "termination_protection": inputs["terminationProtection"],
            **_body(inputs["pg"], ("backupSchedule", "ipFilters", "version")),
        }
        client = call.account.client(inputs["zone"])
        with client_errors("Unable to create database service pg, got error"):
            client.get_dbaas_settings_pg()
            operation = client.create_dbaas_service_pg(name=inputs["name"], **body)
        call.object_id = inputs["name"]
        call.wait(client, operation, "creating the database")
        return {}

    def read(self, call: ProviderCall, object_id: str, state: Properties) -> dict[str, Any] | None:
        """Returns the current outputs.

        For a deleted service it raises an error, instead of returning `None`. For an import of a
        service that doesn't exist, it returns only the name and the zone.
        """
        zone = state["zone"]
        client = call.account.client(zone)
        with client_errors("Unable to read database service pg, got error"):
            if "type" not in state:  # an import
                services = client.list_dbaas_services()["dbaas-services"]
                if object_id not in {service["name"] for service in services}:
                    return {"name": object_id, "zone": zone}
            service = client.get_dbaas_service_pg(name=object_id)
            certificate = client.get_dbaas_ca_certificate()["certificate"]
        outputs = {name: service[key] for name, key in OUTPUTS.items()}
        outputs |= {name: timestamp(outputs[name]) for name in ("createdAt", "updatedAt")}
        schedule = service["backup-schedule"]
        return outputs | {
            "name": object_id,
            "type": "pg",
            "zone": zone,
            "caCertificate": certificate,
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
        """Updates the service. Each update sends the backup schedule, and fails without one.

        The version is not sent.
        """
        client = call.account.client(state["zone"])
        body: dict[str, Any] = {}
        if "plan" in changed:
            body["plan"] = news["plan"]
        if "terminationProtection" in changed:
            body["termination_protection"] = news["terminationProtection"]
        pg, before = news.get("pg") or {}, state.get("pg") or {}
        if set(pg.get("ipFilters") or before.get("ipFilters", ())) != set(before["ipFilters"]):
            body |= _body(pg, ("ipFilters",))
        schedule = _body({"backupSchedule": "", **pg}, ("backupSchedule",))
        if body or pg["backupSchedule"] != before.get("backupSchedule"):
            with client_errors("Unable to create database service pg, got error"):
                operation = client.update_dbaas_service_pg(name=object_id, **body, **schedule)
            call.wait(client, operation, "updating the database")

    def delete(self, call: ProviderCall, object_id: str, state: Properties) -> None:
        client = call.account.client(state["zone"])
        try:
            operation = client.delete_dbaas_service(name=object_id)
        except Exception as error:
            if is_not_found(error):
                raise
            with client_errors("Unable to delete database service, got error"):
                raise
        call.wait(client, operation, "deleting the database")

    def parse_import_id(self, text: str) -> tuple[str, dict[str, Any]]:
        name, _, zone = text.partition("@")
        if not name or not zone or "@" in zone:
            raise TitledError(
                "Unexpected Import Identifier: Expected import identifier with format: name@zone. "
                f'Got: "{text}"'
            )
        return name, {"zone": zone}


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return "/" in text


def _body(pg: Properties, names: tuple[str, ...]) -> dict[str, Any]:
    """Returns the body of a request with the properties `names` of `pg`.

    Raises:
        ProviderError: if the schedule is not valid, or if a property is not simulated.
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
        raise TitledError(
            f"Validation error: Unable to parse backup schedule, got error: {problem}"
        )
    return {"backup-hour": int(hour), "backup-minute": int(minute)}


def _running(client: V3Client, name: str) -> dict[str, Any]:
    """Waits until the service runs, and returns it."""
    deadline, delay = time.monotonic() + DEFAULT_TIMEOUT, FIRST_POLL_DELAY
    while True:
        with client_errors(f"{NOT_READ}: error polling service status"):
            service: dict[str, Any] = client.get_dbaas_service_pg(name=name)
        if service["state"] == "running":
            return service
        if service["state"] not in BEING_BUILT:
            text = f"{NOT_READ}: service reached unexpected state: {service['state']}"
            raise TitledError(f"Client Error: {text}")
        if time.monotonic() > deadline:
            raise TitledError(f"Client Error: {NOT_READ}: context deadline exceeded")
        time.sleep(delay)
        delay = min(2 * delay, MAX_POLL_DELAY)


def database_uri(account: Clients, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the result of `getDatabaseUri` for a service of type pg: the administrator's URI.

    It waits until the service runs.
    """
    if arguments["type"] != "pg":
        raise ProviderError(f"the type {arguments['type']} is not simulated")
    name, client = arguments["name"], account.v3(arguments["zone"])
    service = _running(client, name)
    with client_errors("Unable to fetch Database Service Postgres"):
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
