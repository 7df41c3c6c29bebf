"""Which changes of a nodepool are tried again, and for how long."""

from __future__ import annotations

import asyncio

import pulumi
import pytest

from components.sks_cluster.nodepools.busy_nodepools import (
    BUSY,
    LOCKED,
    Refusal,
    should_retry,
)

POOL_LOCKED = "Operation destroyInstancePool on resource 1 is forbidden - reason: Locked by NLB 2"
NODEPOOL_LOCKED = "DeleteSKSNodepool: Forbidden: managed Instance Pool is locked by NLB"
NODEPOOL_BUSY = "invalid request: The nodepool is already being updated."


def failure(operation: str, *errors: str) -> bool:
    return asyncio.run(
        should_retry(
            pulumi.ErrorHookArgs(
                urn="urn", id="id", name="web-workers", type="type",
                failed_operation=operation, errors=[*errors],
            )
        )
    )  # fmt: skip


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses before further attempts, none of which is made."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return pauses


@pytest.mark.parametrize("error", [POOL_LOCKED, NODEPOOL_LOCKED])
def test_a_nodepool_that_a_load_balancer_uses_is_deleted_later(error: str) -> None:
    assert failure("delete", error)
    assert failure("delete", error, "500: try again")


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_a_nodepool_that_is_being_updated_is_changed_later(operation: str) -> None:
    assert failure(operation, NODEPOOL_BUSY)


def test_other_failures_are_told_at_once(pauses: list[float]) -> None:
    assert not failure("delete", "the quota is used up", POOL_LOCKED)
    assert not failure("update", POOL_LOCKED)
    assert not failure("create", NODEPOOL_BUSY)
    assert not pauses


@pytest.mark.parametrize(("refusal", "error"), [(LOCKED, POOL_LOCKED), (BUSY, NODEPOOL_BUSY)])
def test_it_does_not_wait_forever(refusal: Refusal, error: str) -> None:
    assert failure("delete", *[error] * (refusal.attempts - 1))
    assert not failure("delete", *[error] * refusal.attempts)
