"""Managed databases in the Exoscale plugin, whose resource is of Terraform's plugin framework.

Every test passes with the official plugin as well (see test_exoscale_plugin_inputs.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.wire import UNKNOWN
from tests.sandbox.integration.exoscale_plugin import OURS, ExoscalePlugin, World, given, running
from tests.support.exoscale_plugin import Refused

pytestmark = pytest.mark.integration

PG = {"version": "17", "ipFilters": ["192.0.2.0/24"], "backupSchedule": "03:05"}
DBAAS: dict[str, Any] = {"zone": "ch-gva-2", "type": "pg", "plan": "startup-4", "pg": PG}
UNSETTLED = ["nodeCpus", "nodeMemory", "nodes", "pg", "state", "updatedAt"]
"""What any update may change, as the provider says."""

Database = tuple[dict[str, Any], dict[str, Any]]
"""Its inputs as given, and its state."""


@pytest.fixture
def database(plugin: ExoscalePlugin, exoscale: World, name: str) -> Iterator[Database]:
    inputs = DBAAS | {"name": name}
    _, state = plugin.create("Dbaas", inputs)
    yield inputs, state
    services = exoscale.api.list_dbaas_services()["dbaas-services"]
    if name in {service["name"] for service in services}:
        exoscale.api.update_dbaas_service_pg(name=name, termination_protection=False)
        exoscale.api.delete_dbaas_service(name=name)


def pg(**changes: Any) -> dict[str, Any]:
    return {"pg": PG | changes}


def test_a_database(plugin: ExoscalePlugin, exoscale: World, database: Database, name: str) -> None:
    inputs, state = database
    assert given(state).keys() == {
        "caCertificate", "createdAt", "diskSize", "id", "maintenanceDow", "maintenanceTime", "name",
        "nodeCpus", "nodeMemory", "nodes", "pg", "plan", "state", "terminationProtection", "type",
        "updatedAt", "zone",
    }  # fmt: skip
    assert given(state)["pg"] == PG
    found = exoscale.api.get_dbaas_service_pg(name=name)
    assert found["backup-schedule"] == {"backup-hour": 3, "backup-minute": 5}
    assert (state["id"], state["terminationProtection"], state["plan"]) == (name, True, "startup-4")
    with pytest.raises(Refused, match="Client Error: Unable to delete database service, got error"):
        plugin.delete("Dbaas", name, state)

    news = plugin.check("Dbaas", inputs | {"terminationProtection": False, "plan": "startup-8"})
    state = plugin.update("Dbaas", name, state, news)
    found = exoscale.api.get_dbaas_service_pg(name=name)
    assert (found["plan"], found["termination-protection"]) == ("startup-8", False)
    assert found["backup-schedule"] == {"backup-hour": 3, "backup-minute": 5}
    _, refreshed, refreshed_inputs = plugin.read("Dbaas", name, state, news)
    assert given(refreshed) == given(state)
    assert refreshed_inputs == news
    plugin.delete("Dbaas", name, state)
    with pytest.raises(Refused, match="Client Error: Unable to read database service pg, got"):
        plugin.read("Dbaas", name, state, news)


def test_inputs_have_no_defaults(plugin: ExoscalePlugin) -> None:
    inputs = DBAAS | {"name": "shop"}
    assert plugin.check("Dbaas", inputs) == inputs
    assert plugin.check("Dbaas", DBAAS)["name"].startswith("thing-")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"zone": "mars"}, "got: \"mars\". Examine values at 'thing.zone'."),
        ({"pg": None}, 'Attribute "pg" must be defined when database type is "pg".'),
        (pg(ipFilters=["x"]), "Cannot parse string as CIDR notation: invalid CIDR address: x."),
        (pg(ipFilters=["192.0.2.1"]), "invalid CIDR address: 192.0.2.1."),
    ],
)
def test_what_is_wrong(plugin: ExoscalePlugin, change: dict[str, Any], problem: str) -> None:
    inputs = {
        key: value
        for key, value in (DBAAS | {"name": "shop"} | change).items()
        if value is not None
    }
    (failure,) = plugin.failures("Dbaas", inputs)
    assert problem in failure


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({}, []),
        ({"terminationProtection": True}, []),
        ({"pg": {"version": "17"}}, []),
        ({"plan": "startup-8"}, ["plan"]),
        ({"terminationProtection": False}, ["terminationProtection"]),
        (pg(ipFilters=["192.0.2.0/24", "10.0.0.0/8"]), ["pg"]),
        (pg(ipFilters=UNKNOWN), ["pg"]),
        (pg(backupSchedule="04:00"), ["pg"]),
        (pg(version="16"), ["pg"]),
        ({"zone": "de-fra-1"}, ["zone"]),
        ({"name": "other"}, ["name"]),
    ],
)
def test_a_diff_names_properties_alone(
    plugin: ExoscalePlugin, database: Database, change: dict[str, Any], changed: list[str]
) -> None:
    inputs, state = database
    news = plugin.check("Dbaas", inputs | change, plugin.check("Dbaas", inputs))
    answer = plugin.diff("Dbaas", state, news)
    assert list(answer.diffs) == (sorted({*changed, *UNSETTLED}) if changed else [])
    assert not answer.detailedDiff
    assert list(answer.replaces) == [each for each in changed if each in ("name", "zone")]
    # the same name, and yet the new one would come first
    assert not answer.deleteBeforeReplace
    some = provider_pb2.DiffResponse.DIFF_SOME
    assert (answer.changes == some) == bool(changed)


def test_previews(plugin: ExoscalePlugin, database: Database, name: str) -> None:
    inputs, state = database
    checked = plugin.check("Dbaas", inputs)
    unknown = {"pgSettings", "pgbouncerSettings", "pglookoutSettings"}
    planned = given(plugin.preview("Dbaas", checked))
    assert planned["terminationProtection"] is True
    assert planned["pg"] == PG | dict.fromkeys(unknown, UNKNOWN)
    news = plugin.check("Dbaas", inputs | {"plan": "startup-8"})
    planned = given(plugin.update("Dbaas", name, state, news, preview=True))
    assert planned["pg"] == PG | dict.fromkeys(unknown, UNKNOWN)
    assert {key for key, value in planned.items() if value is UNKNOWN} == {*UNSETTLED} - {"pg"}
    assert planned["plan"] == "startup-8"


def test_without_a_backup_schedule_it_can_not_be_updated(
    plugin: ExoscalePlugin, database: Database, name: str
) -> None:
    inputs, state = database
    news = plugin.check("Dbaas", inputs | {"plan": "startup-8", "pg": {"version": "17"}})
    with pytest.raises(Refused) as refused:
        plugin.update("Dbaas", name, state, news)
    assert str(refused.value) == (
        "Validation error: Unable to parse backup schedule, got error: "
        'invalid value "" for backup schedule, expecting HH:MM'
    )


def test_another_version_is_not_sent(
    plugin: ExoscalePlugin, exoscale: World, database: Database, name: str
) -> None:
    inputs, state = database
    news = plugin.check("Dbaas", inputs | pg(version="16"))
    state = plugin.update("Dbaas", name, state, news)
    assert state["pg"]["version"] == "17"
    assert exoscale.api.get_dbaas_service_pg(name=name)["version"] == "17"


def test_a_refresh_finds_what_has_changed(
    plugin: ExoscalePlugin, exoscale: World, database: Database, name: str
) -> None:
    inputs, state = database
    exoscale.api.update_dbaas_service_pg(name=name, plan="startup-8", ip_filter=["10.0.0.0/8"])
    checked = plugin.check("Dbaas", inputs)
    _, refreshed, refreshed_inputs = plugin.read("Dbaas", name, state, checked)
    assert (refreshed["plan"], refreshed["pg"]["ipFilters"]) == ("startup-8", ["10.0.0.0/8"])
    assert refreshed_inputs == inputs | {"plan": "startup-8"} | pg(ipFilters=["10.0.0.0/8"])
    assert "plan" in plugin.diff("Dbaas", refreshed, checked).diffs


def test_imports(plugin: ExoscalePlugin, database: Database, name: str) -> None:
    inputs, state = database
    found, imported, imported_inputs = plugin.read("Dbaas", f"{name}@ch-gva-2")
    assert (found, given(imported)) == (name, given(state))
    assert imported_inputs == inputs | {
        "terminationProtection": True,
        "maintenanceDow": "sunday",
        "maintenanceTime": "03:12:00",
    }
    # what is not there is imported all the same
    found, imported, imported_inputs = plugin.read("Dbaas", "nothing@ch-gva-2")
    assert (found, imported_inputs) == ("nothing", {"name": "nothing", "zone": "ch-gva-2"})
    assert given(imported) == {"id": "nothing", "name": "nothing", "zone": "ch-gva-2"}
    with pytest.raises(Refused, match="Unexpected Import Identifier: Expected import identifier"):
        plugin.read("Dbaas", name)


def test_its_uri(plugin: ExoscalePlugin, database: Database, name: str) -> None:
    answer = plugin.invoke("getDatabaseUri", name=name, zone="ch-gva-2", type="pg")
    host = f"{name}.invalid"
    assert answer["uri"] == (
        f"postgres://avnadmin:{answer['password']}@{host}:21699/defaultdb?sslmode=require"
    )
    del answer["password"], answer["uri"]
    assert answer == {
        "id": name,
        "name": name,
        "type": "pg",
        "zone": "ch-gva-2",
        "schema": "postgres",
        "host": host,
        "port": 21699,
        "username": "avnadmin",
        "dbName": "defaultdb",
    }
    with pytest.raises(Refused) as refused:
        plugin.invoke("getDatabaseUri", name="nothing", zone="ch-gva-2", type="pg")
    assert str(refused.value) == (
        "Client Error: Unable to read Database Service Postgres: error polling service status: "
        "GetDBAASServicePG: http response: Not Found: Service nothing does not exist"
    )


def test_its_uri_is_told_once_it_runs(
    plugin: ExoscalePlugin, exoscale: World, database: Database, name: str
) -> None:
    def state() -> str:
        return str(exoscale.api.get_dbaas_service_pg(name=name)["state"])

    exoscale.api.update_dbaas_service_pg(name=name, plan="startup-8")
    assert state() == "rebuilding"
    plugin.invoke("getDatabaseUri", name=name, zone="ch-gva-2", type="pg")
    assert state() == "running"


def test_a_reset_password_is_in_the_uri(
    plugin: ExoscalePlugin, exoscale: World, database: Database, name: str
) -> None:
    def password() -> str:
        answer = plugin.invoke("getDatabaseUri", name=name, zone="ch-gva-2", type="pg")
        return str(answer["password"])

    first = password()
    exoscale.api.reset_dbaas_postgres_user_password(
        service_name=name, username="avnadmin", password="chosen-1234"
    )
    assert password() == "chosen-1234" != first


def test_a_state_of_either_plugin_is_read_by_the_other(
    plugin: ExoscalePlugin, exoscale: World, database: Database, name: str
) -> None:
    inputs, state = database
    with running(OURS, exoscale.environment) as ours:
        ours.configure()
        checked = ours.check("Dbaas", inputs)
        _, refreshed, _ = ours.read("Dbaas", name, state, checked)
        assert not ours.diff("Dbaas", state, checked).diffs
    _, read, _ = plugin.read("Dbaas", name, refreshed, checked)
    assert given(read) == given(refreshed) == given(state)
    assert not plugin.diff("Dbaas", refreshed, checked).diffs
