"""An application with a managed database: what its preview says happens, and its drift is found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.program.integration.cluster_stack import Objects
from tests.support.account import Sandbox
from tests.support.stack import CLUSTER, NODEPOOL, Stack, Step, copy_project
from tools.drift import DRIFT, NONE, main

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DATABASE = {"kind": "dbaas", "zone": "ch-gva-2", "keepData": False}
SERVICE = "webapp-managed-shop-db"


def configure(stack: Stack, size: int = 1, **database: Any) -> None:
    """Give the stack a cluster with so many nodes, and an application with this database."""
    stack.configure(
        {
            "cluster": CLUSTER | {"nodepools": [NODEPOOL | {"size": size}]},
            "apps": [{"name": "shop", "image": "example/shop:1", "database": DATABASE | database}],
        }
    )


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = copy_project(tmp_path_factory.mktemp("managed") / "project")
    stack = Stack("managed", folder, sandbox.environment)
    configure(stack)
    stack("stack", "init")
    stack.up()
    yield stack
    stack("destroy", "--yes", "--skip-preview")
    services = sandbox.client.list_dbaas_services()["dbaas-services"]
    assert SERVICE not in {service["name"] for service in services}


def service(sandbox: Sandbox) -> dict[str, Any]:
    return dict(sandbox.client.get_dbaas_service_pg(name=SERVICE))


def nodes(stack: Stack, sandbox: Sandbox) -> list[str]:
    """The addresses of the stack's nodes, as networks."""
    pool = Objects(stack, sandbox).nodepool()["instance-pool"]["id"]
    members = sandbox.client.get_instance_pool(id=pool)["instances"]
    live = (sandbox.client.get_instance(id=member["id"]) for member in members)
    return sorted(f"{instance['public-ip']}/32" for instance in live)


def drift(stack: Stack, out: Path) -> int:
    with patch.dict(os.environ, stack.environment, clear=True):
        return main(["--out", str(out), stack.name], stack.folder)


def of_databases(steps: list[Step]) -> list[str]:
    return [step.operation for step in steps if step.kind.endswith(":Dbaas")]


def test_that_it_was_being_built_is_no_drift(
    stack: Stack, sandbox: Sandbox, tmp_path: Path
) -> None:
    assert service(sandbox)["state"] == "running"  # for its URL, `up` has waited
    assert drift(stack, tmp_path) == NONE
    sandbox.client.update_dbaas_service_pg(name=SERVICE, plan="startup-8")
    sandbox.client.update_dbaas_service_pg(name=SERVICE, plan="startup-4")
    assert service(sandbox)["state"] == "rebuilding"
    stack.up()
    assert service(sandbox)["state"] == "running"


@pytest.mark.parametrize("size", [2, 1])
def test_a_preview_shows_that_the_filter_follows_the_nodes(
    stack: Stack, sandbox: Sandbox, size: int
) -> None:
    configure(stack, size)
    planned = stack.preview()
    assert of_databases(planned) == ["update"]
    # as `make deploy` does: nothing that its preview does not show
    stack("up", "--yes", "--strict")
    assert service(sandbox)["ip-filter"] == nodes(stack, sandbox)
    assert len(nodes(stack, sandbox)) == size
    stack("preview", "--expect-no-changes")


def test_what_is_changed_in_the_account_is_found(
    stack: Stack, sandbox: Sandbox, tmp_path: Path
) -> None:
    def check() -> int:
        return drift(stack, tmp_path)

    assert check() == NONE
    before = service(sandbox)
    sandbox.client.update_dbaas_service_pg(name=SERVICE, plan="startup-8", ip_filter=["0.0.0.0/0"])
    assert check() == DRIFT
    report = (tmp_path / "managed.md").read_text()
    assert '| Dbaas shop-db | `plan` | `"startup-4"` | `"startup-8"` |' in report
    assert '`"0.0.0.0/0"` |' in report
    stack.up("--refresh")
    ignored = {"updated-at"}
    assert {key: value for key, value in service(sandbox).items() if key not in ignored} == {
        key: value for key, value in before.items() if key not in ignored
    }
    assert check() == NONE


def test_another_zone_is_another_database(stack: Stack, sandbox: Sandbox) -> None:
    """The name is taken until the old one is deleted, which therefore is deleted first."""
    configure(stack, zone="de-fra-1", allowDataLoss=True)
    assert "replace" in of_databases(stack.preview())
    stack.up()
    (listed,) = [each for each in stack.resources() if each["type"].endswith(":Dbaas")]
    assert listed["outputs"]["zone"] == "de-fra-1"
    stack("preview", "--expect-no-changes")


def deleted(stack: Stack, sandbox: Sandbox) -> str:
    """Delete the database as in Exoscale's portal; return what the preview says, in one line."""
    sandbox.client.update_dbaas_service_pg(name=SERVICE, termination_protection=False)
    sandbox.client.delete_dbaas_service(name=SERVICE)
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        answer = stack.run(*command)
        assert answer.returncode != 0
        assert "Traceback" not in answer.stdout + answer.stderr
        (line,) = {
            line.strip()
            for line in answer.stdout.splitlines()
            if line.strip().startswith(f"error: database {SERVICE} was deleted from zone ch-gva-2")
        }
    return line


def test_one_that_was_deleted_is_created_as_the_preview_says(
    stack: Stack, sandbox: Sandbox
) -> None:
    configure(stack, allowDataLoss=True)
    stack.up()
    arguments = f"exo dbaas create pg startup-4 {SERVICE} --zone ch-gva-2 --pg-version 17, then"
    assert f"{arguments} pulumi up --refresh" in deleted(stack, sandbox)
    sandbox.client.create_dbaas_service_pg(name=SERVICE, plan="startup-4", version="17")
    stack.up("--refresh")
    assert service(sandbox)["ip-filter"] == nodes(stack, sandbox)
    stack("preview", "--expect-no-changes")


def test_one_that_was_to_be_kept_is_replaced_as_the_preview_says(
    stack: Stack, sandbox: Sandbox
) -> None:
    configure(stack, allowDataLoss=True, keepData=True)
    stack.up()
    _, _, urn = deleted(stack, sandbox).partition("pulumi up --replace ")
    stack.up("--replace", urn.strip("'"))
    assert service(sandbox)["termination-protection"]
    stack("preview", "--expect-no-changes")
    configure(stack, allowDataLoss=True)
    stack.up()
