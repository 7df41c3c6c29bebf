"""The URL of a managed database: a preview waits for nothing, and names one that was deleted."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.database import dbaas_url
from components.database.args import DatabaseArgs
from components.database.database import Database
from components.database.dbaas_url import MissingDatabase
from tests.program.unit.engine import Engine, run
from tests.program.unit.exoscale_server import exoscale_server

DBAAS = {"kind": "dbaas", "zone": "ch-gva-2", "ipFilter": ["192.0.2.0/24"]}
URN = "urn:pulumi:stack::project::webapp:index:Database$exoscale:index/dbaas:Dbaas::web-db"


def declare(*, preview: bool = False, **settings: Any) -> Engine:
    def program() -> Any:
        database = DatabaseArgs.model_validate(DBAAS | settings)
        return Database("web", database, namespace="test", clients={"app": "web"}).variable

    return run(program, preview=preview)[0]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The functions of the provider that the program called."""
    functions: list[str] = []

    async def invoke_provider(function: str, **_: Any) -> dict[str, str]:
        functions.append(function.rpartition(":")[2])
        return {"uri": "postgres://avnadmin:hidden@db.example.com:21699/defaultdb"}

    monkeypatch.setattr(dbaas_url, "invoke_provider", invoke_provider)
    return functions


@pytest.mark.parametrize(
    ("preview", "state", "waits"),
    [
        (True, "running", True),
        (True, "poweroff", True),  # the provider says so
        (True, "rebuilding", False),
        (True, "rebalancing", False),
        (False, "rebuilding", True),
    ],
)
def test_a_preview_does_not_wait_for_a_database_that_is_being_built(
    monkeypatch: pytest.MonkeyPatch, asked: list[str], preview: bool, state: str, waits: bool
) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi, "info", told.append)
    with exoscale_server(monkeypatch, {"state": state}) as server:
        engine = declare(preview=preview)
    assert [path for path, _ in server.asked] == ["/v2/dbaas-postgres/web-db-id"]
    assert asked == (["getDatabaseUri"] if waits else [])
    known = isinstance(engine.of_type("Secret")["web-db-uri"].get("data"), dict)
    assert known == waits
    building = f"database web-db-id is {state}: its URL is known once it is running"
    assert told == ([] if waits else [building])


@pytest.mark.parametrize(
    ("keep", "command"),
    [
        (True, f"pulumi up --replace '{URN}'"),
        (
            False,
            "exo dbaas create pg startup-4 web-db-id --zone ch-gva-2 --pg-version 17, then "
            "pulumi up --refresh",
        ),
    ],
)
@pytest.mark.parametrize("preview", [True, False])
def test_a_deleted_database_is_named_with_what_creates_another(
    monkeypatch: pytest.MonkeyPatch, asked: list[str], keep: bool, command: str, preview: bool
) -> None:
    with exoscale_server(monkeypatch, {"message": "Not Found"}) as server:
        server.status = 404
        with pytest.raises(MissingDatabase) as caught:
            declare(preview=preview, keepData=keep)
    assert str(caught.value) == (
        "database web-db-id was deleted from zone ch-gva-2. To create a new, empty one: " + command
    )
    assert not asked


def test_without_an_answer_the_provider_is_asked(
    monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    declare(preview=True)
    with exoscale_server(monkeypatch, {"message": "forbidden"}) as server:
        server.status = 403
        declare(preview=True)
    assert asked == ["getDatabaseUri"] * 2
