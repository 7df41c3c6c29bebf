"""Which deletions of a nodepool are tried again, and for how long."""

from __future__ import annotations

import asyncio

import pulumi
import pytest

from components.sks_cluster import deleted_nodepools
from components.sks_cluster.deleted_nodepools import ATTEMPTS, is_worth_another_try

LOCKED = "Operation destroyInstancePool on resource 1 is forbidden - reason: Locked by NLB 2"


def failure(operation: str, *errors: str) -> bool:
    return asyncio.run(
        is_worth_another_try(
            pulumi.ErrorHookArgs(
                urn="urn", id="id", name="web-workers", type="type",
                failed_operation=operation, errors=[*errors],
            )
        )
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleted_nodepools, "SECONDS_BETWEEN", 0)


def test_a_nodepool_that_a_load_balancer_uses_is_deleted_later() -> None:
    assert failure("delete", LOCKED)
    assert failure("delete", LOCKED, "500: try again")


def test_other_failures_are_told_at_once() -> None:
    assert not failure("delete", "the nodepool is being updated", LOCKED)
    assert not failure("create", LOCKED)


def test_it_does_not_wait_forever() -> None:
    assert failure("delete", *[LOCKED] * (ATTEMPTS - 1))
    assert not failure("delete", *[LOCKED] * ATTEMPTS)
