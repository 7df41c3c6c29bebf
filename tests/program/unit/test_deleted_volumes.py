"""Which volumes are waited for before nodes are deleted, and which stacks wait."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import pulumi
import pytest

from components.database.args import DatabaseArgs
from components.exoscale import deleted_volumes
from components.exoscale.deleted_volumes import (
    CSI_DRIVER,
    volume_hook,
    volumes_to_delete,
    wait_for_volumes,
)
from components.lifecycle import waiting
from components.lifecycle.kubernetes_api import ApiError, KubernetesApi
from components.lifecycle.waiting import WaitTimeoutError
from components.sks_cluster.args import SksClusterArgs
from components.sks_cluster.sks_cluster import SksCluster
from tests.program.unit.engine import run

POOL = {"name": "workers", "instanceType": "standard.small", "size": 2, "diskSize": 20}
CLUSTER = {"zone": "ch-gva-2", "version": "1.34.3", "nodepools": [POOL]}


def volume(
    name: str, claim: str | None, *, policy: str = "Delete", driver: str = CSI_DRIVER
) -> dict[str, Any]:
    spec: dict[str, Any] = {"csi": {"driver": driver}, "persistentVolumeReclaimPolicy": policy}
    return {
        "metadata": {"name": name},
        "spec": spec | ({"claimRef": {"uid": claim}} if claim else {}),
    }


@dataclass
class Cluster:
    """A cluster with one claim, whose driver deletes a volume after so many looks."""

    looks: int = 0
    refusal: int | None = None

    async def list(self, path: str) -> list[dict[str, Any]]:
        if self.refusal is not None:
            raise ApiError(self.refusal, "no")
        if path.endswith("claims"):
            return [{"metadata": {"uid": "there"}}]
        self.looks -= 1
        return [
            *([volume("to-delete", "gone")] if self.looks > 0 else []),
            volume("in-use", "there"),
            volume("kept", "gone", policy="Retain"),
            volume("of-another", "gone", driver="example.com/nfs"),
            volume("not-claimed", None),
            {"metadata": {"name": "local"}, "spec": {"claimRef": {"uid": "gone"}}},
        ]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)


def test_only_those_of_the_driver_whose_claims_are_gone_are_to_be_deleted() -> None:
    api = cast(KubernetesApi, Cluster(looks=2))
    assert asyncio.run(volumes_to_delete(api)) == ["to-delete"]


def test_they_are_waited_for() -> None:
    cluster = Cluster(looks=4)
    asyncio.run(wait_for_volumes(cast(KubernetesApi, cluster)))
    assert cluster.looks == 0


def test_one_that_stays_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleted_volumes, "TIMEOUT", 0)
    with pytest.raises(WaitTimeoutError, match="Exoscale's CSI driver has yet to delete to-delete"):
        asyncio.run(wait_for_volumes(cast(KubernetesApi, Cluster(looks=9))))


def hook(cluster: Cluster | None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run the hook of a stack with this cluster; return its warnings."""
    warnings: list[str] = []

    async def of(_: object) -> Cluster | None:
        return cluster

    monkeypatch.setattr(KubernetesApi, "from_kubeconfig", of)
    monkeypatch.setattr(pulumi, "warn", warnings.append)
    made: list[Any] = []
    monkeypatch.setattr(pulumi, "ResourceHook", lambda name, wait: made.append((name, wait)))
    volume_hook("cluster", "kind: Config" if cluster else None)
    ((name, wait),) = made
    assert name == "cluster-volumes"
    asyncio.run(wait(None))
    return warnings


def test_a_cluster_that_is_gone_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    (warning,) = hook(Cluster(refusal=0), monkeypatch)
    assert "volumes may stay in the account, because the cluster is unreachable: no" in warning
    assert "exo compute block-storage list" in warning
    assert not hook(None, monkeypatch)


def test_a_refusal_does(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ApiError):
        hook(Cluster(refusal=403), monkeypatch)


@pytest.mark.parametrize("deletes", [True, False])
def test_nodepools_wait_where_volumes_are_deleted(
    deletes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound: list[pulumi.ResourceHookBinding] = []
    create = "components.sks_cluster.sks_cluster.create_nodepool"

    def nodepool(*_: object, hooks: pulumi.ResourceHookBinding, **__: object) -> Any:
        bound.append(hooks)
        raise pulumi.RunError("far enough")

    monkeypatch.setattr(create, nodepool)
    settings = SksClusterArgs.model_validate(CLUSTER)
    with pytest.raises(pulumi.RunError, match="far enough"):
        run(lambda: SksCluster("web", settings, deletes_volumes=deletes).kubeconfig)
    (hooks,) = bound
    names = [each.name for each in hooks.before_delete or ()]
    assert names == (["web-volumes"] if deletes else [])


@pytest.mark.parametrize(
    ("changes", "deletes"),
    [
        ({}, False),
        ({"keepData": False}, True),
        ({"storageClass": "exoscale-sbs"}, True),
        ({"storageClass": "fast", "keepData": False}, False),
        ({"keepData": False, "volume": "ch-gva-2/5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"}, False),
        ({"kind": "dbaas", "zone": "ch-gva-2", "keepData": False}, False),
    ],
)
def test_volumes_of_which_databases_are_deleted(changes: dict[str, Any], deletes: bool) -> None:
    volume = DatabaseArgs.model_validate(changes).claimed_volume
    assert bool(volume and volume.is_deleted) == deletes
