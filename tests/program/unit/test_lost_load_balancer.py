"""What is said of a load balancer that somebody deleted."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi_kubernetes.core.v1 import Service

from components.exoscale.load_balancer import LOAD_BALANCER
from components.exoscale.lost_load_balancer import warn_if_lost
from tests.program.unit.engine import LOST, UNANSWERED, run

FOUND = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3a"


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    return said


def look_at(recreate: str | None = None, **annotations: str) -> None:
    """A Service with these annotations of the cloud controller, and an address."""
    found = {LOAD_BALANCER + key: value for key, value in annotations.items()}
    metadata: Any = {"name": "web", "namespace": "shop", "annotations": found}

    def program() -> Any:
        service = Service("web", metadata=metadata, spec={"type": "LoadBalancer"})
        warn_if_lost(service, "ch-gva-2", recreate=recreate)
        return service.id

    run(program)


def test_nothing_of_one_that_is_there_or_was_never_made(warnings: list[str]) -> None:
    look_at(id=FOUND)
    look_at()
    assert warnings == []


def test_the_address_is_dead_and_a_command_makes_another(warnings: list[str]) -> None:
    look_at(id=LOST)
    (line,) = warnings
    assert line.startswith(
        f"shop/web: the load balancer {LOST} was deleted, so the address 203.0.113.7 no longer"
        " works: to create a new one with another address, run: pulumi up --replace 'urn:pulumi:"
    )
    assert line.endswith("kubernetes:core/v1:Service::web'")


def test_a_kept_one_is_created_by_a_refresh(warnings: list[str]) -> None:
    look_at(id=LOST, recreate="pulumi up --refresh", external="true")
    (line,) = warnings
    assert line.endswith("a new one with another address, run: pulumi up --refresh")


def test_of_an_existing_one_another_has_to_be_named(warnings: list[str]) -> None:
    look_at(id=LOST, external="true")
    (line,) = warnings
    assert line.endswith("no longer works: set loadBalancer.existing to the ID of another one")


def test_where_the_run_ends_meanwhile_there_is_no_traceback() -> None:
    """A `RunError` is one line."""
    with pytest.raises(pulumi.RunError, match=r"^getNlb: the run ended before its answer$"):
        look_at(id=UNANSWERED)
