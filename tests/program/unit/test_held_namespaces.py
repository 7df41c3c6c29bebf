"""What is told of a namespace that does not go."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from components.lifecycle import held_namespaces as module
from components.lifecycle.cluster_access import ClusterAccess
from components.lifecycle.held_namespaces import blocked_namespaces, report_blocked_namespaces
from components.lifecycle.ownership import STACK
from tests.support.kubernetes_api import kubeconfig, kubernetes_api

DELETED = "2026-11-29T12:00:00Z"
CONTENT = "Some resources are remaining: configmaps. has 1 resource instances"
FINALIZERS = (
    "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource"
    " instances"
)


def namespace(*true: str, stack: str = "shop/dev", **metadata: Any) -> dict[str, Any]:
    conditions = [{"status": "True", "message": each} for each in true]
    conditions.append({"status": "False", "message": "All resources successfully discovered"})
    found = {"name": "web", "annotations": {STACK: stack}, **metadata}
    return {"metadata": found, "status": {"conditions": conditions}}


def told(*namespaces: dict[str, Any]) -> list[str]:
    return blocked_namespaces(namespaces, "shop/dev")


def test_the_reasons_are_the_api_servers() -> None:
    assert told(namespace(CONTENT, FINALIZERS, deletionTimestamp=DELETED)) == [
        f"namespace web is still being deleted: {CONTENT}; {FINALIZERS}"
    ]


def test_a_namespace_may_have_finalizers_of_its_own() -> None:
    held = namespace(deletionTimestamp=DELETED, finalizers=["example.com/own"])
    assert told(held) == [
        "namespace web is still being deleted: it has the finalizers example.com/own"
    ]


def test_the_api_server_may_not_know_yet() -> None:
    young = {"metadata": {**namespace()["metadata"], "deletionTimestamp": DELETED}}
    assert told(young) == [
        "namespace web is still being deleted: the API server gives no reason yet"
    ]


def test_nothing_is_told_of_others() -> None:
    others = namespace(CONTENT, stack="shop/prod", deletionTimestamp=DELETED)
    unnamed = namespace(CONTENT, deletionTimestamp=DELETED, annotations=None)
    assert told(namespace(CONTENT), others, unnamed) == []


def test_it_is_told_again_while_the_program_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi, "info", said.append)
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(module, "this_stack", lambda: "shop/dev")
    pages = {"/api/v1/namespaces": [namespace(CONTENT, deletionTimestamp=DELETED), namespace()]}

    async def program(server: str) -> None:
        report_blocked_namespaces(ClusterAccess(pulumi.Output.secret(kubeconfig(server))))
        async with asyncio.timeout(10):
            while len(said) < 2:
                await asyncio.sleep(0.01)

    with kubernetes_api(pages) as client:
        asyncio.run(program(client.configuration.host))
    assert set(said) == {f"namespace web is still being deleted: {CONTENT}"}
