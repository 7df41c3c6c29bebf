"""Clusters that killed runs have left are named, with the command that deletes each."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from components.lifecycle import last_outputs
from components.sks_cluster import control_plane, left_clusters, sks_cluster
from components.sks_cluster.args import SksClusterArgs
from components.sks_cluster.nodepools.args import NodePoolArgs
from tests.program.unit.engine import run

CLUSTERS = {
    "sks-clusters": [
        {"id": "1", "name": "project-stack-shop-0a1b2c3", "created-at": "2026-11-29T10:00:00Z"},
        {"id": "2", "name": "project-stack-shop-0a1b2c3d"},
        {"id": "3", "name": "project-stack-other-0a1b2c3"},
        {"id": "4", "name": "a.b"},
        {"id": "5", "name": "axb"},
        {"id": "6"},
    ]
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the API answers, by path."""
    answers: dict[str, Any] = {"/sks-cluster": CLUSTERS}
    monkeypatch.setattr(left_clusters, "get_if_available", lambda zone, path: answers.get(path))
    return answers


def commands(pattern: str) -> list[str]:
    return [command for _, command in left_clusters.orphaned_clusters("ch-gva-2", pattern)]


def test_names_are_those_that_the_engine_makes(account: dict[str, Any]) -> None:
    assert commands("project-stack-shop-[0-9a-f]{7}") == [
        "exo compute sks delete 1 --zone ch-gva-2 --nodepools"
        "   # project-stack-shop-0a1b2c3, of 2026-11-29T10:00:00Z"
    ]


def test_without_an_answer_none_is_named(account: dict[str, Any]) -> None:
    account.clear()
    assert commands(".*") == []


@pytest.mark.parametrize(
    ("given", "deployed", "identities"),
    [
        (None, "another", ["1"]),
        ("a.b", None, ["4"]),
        # one that the stack has, and this run replaces
        (None, "project-stack-shop-0a1b2c3", []),
    ],
)
def test_the_hook_of_a_creation_warns(
    account: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    given: str | None,
    deployed: str | None,
    identities: list[str],
) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi, "warn", told.append)
    monkeypatch.setattr(left_clusters, "display_name", lambda name: f"project-stack-{name}")
    hooks: list[Any] = []

    async def outputs(token: str, arguments: object) -> dict[str, Any]:
        assert token == "pulumi:pulumi:readStackOutputs"
        assert arguments == {"name": "organization/webapp/test"}
        return {"outputs": {"cluster_name": deployed} if deployed else {}}

    def declare() -> None:
        binding = left_clusters.warn_of_orphaned_clusters("shop", "ch-gva-2", given)
        hooks.extend(binding.before_create or ())

    monkeypatch.setattr(last_outputs, "invoke_async", outputs)
    run(declare)
    (hook,) = hooks
    assert hook.opts.on_dry_run
    asyncio.run(hook.callback(None))
    found = "".join(told)
    assert found.count("\n") == len(identities)
    assert all(f"exo compute sks delete {each} " in found for each in identities)


def test_a_cluster_has_the_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    def note(*arguments: Any) -> pulumi.ResourceHookBinding:
        given.append(arguments)
        return pulumi.ResourceHookBinding()

    monkeypatch.setattr(control_plane, "warn_of_orphaned_clusters", note)
    pool = NodePoolArgs(name="workers", instance_type="standard.small", size=2)
    settings = SksClusterArgs(zone="ch-gva-2", version="1.36.5", nodepools=(pool,), name="shop")
    run(lambda: sks_cluster.SksCluster("cluster", settings))
    assert given == [("cluster", "ch-gva-2", "shop")]
