"""A volume of Exoscale's grows while its user is stopped, which is started in any case."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi
import pytest

from components.lifecycle import waiting
from components.lifecycle.before_update import RefusedUpdate
from components.lifecycle.cluster_access import ClusterAccess
from components.lifecycle.kubernetes_api import ApiError, KubernetesApi
from components.lifecycle.rolled_out import Workload
from components.lifecycle.waiting import WaitTimeoutError
from components.volume import expansion
from components.volume.expansion import VolumeUser, expand, expansion_hooks

CLAIM = "/api/v1/namespaces/test/persistentvolumeclaims/web-db-1"
VOLUME = "/api/v1/persistentvolumes/pvc-1"
SCALE = "/apis/apps/v1/namespaces/test/statefulsets/web-db?fieldManager=pulumi-kubernetes"
DATABASE = VolumeUser("database", Workload("statefulsets", "test", "web-db"))


@dataclass
class Cluster:
    """A database with its volume; each look at the pods or attachments is one nearer to none.

    Exoscale refuses to expand the volume while it is attached.
    """

    pods: int = 2
    attachments: int = 2
    expands: bool = True
    ready: int = 1
    refusal: int | None = None
    size: str = "10Gi"
    done: list[tuple[str, Any]] = field(default_factory=list)

    async def get(self, path: str) -> Any:
        if path == CLAIM:
            return {"spec": {"volumeName": "pvc-1"}}
        if path == VOLUME:
            return {"spec": {"capacity": {"storage": self.size}}}
        assert path.startswith("/apis/apps/v1/namespaces/test/")
        if self.refusal:
            raise ApiError(self.refusal, "no")
        return {"spec": {"replicas": 1}, "status": {"readyReplicas": self.ready}}

    async def list(self, path: str) -> list[Any]:
        if path.endswith("/pods"):
            self.pods -= 1
            volumes = [{"persistentVolumeClaim": {"claimName": "web-db-1"}}, {"emptyDir": {}}]
            pod = {
                "metadata": {"name": "web-db-0"},
                "spec": {"volumes": volumes},
                "status": {"phase": "Running"},
            }
            other = {"metadata": {"name": "web"}, "spec": {}, "status": {"phase": "Running"}}
            return [other, *([pod] if self.pods > 0 else [])]
        self.attachments -= 1
        attachment = {"spec": {"source": {"persistentVolumeName": "pvc-1"}}}
        return [attachment] if self.attachments > 0 else []

    async def patch(self, path: str, document: Mapping[str, Any]) -> None:
        self.done.append((path, document["spec"]))
        if path.startswith(CLAIM):
            assert self.pods <= 0
            assert self.attachments <= 0
            self.size = document["spec"]["resources"]["requests"]["storage"]
            if not self.expands:
                self.size = "10Gi"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)


def grow(cluster: Cluster, user: VolumeUser = DATABASE) -> None:
    api = cast(KubernetesApi, cluster)
    asyncio.run(expand(api, user, claim="web-db-1", size="20Gi"))


def test_it_is_stopped_then_grows_and_is_started() -> None:
    cluster = Cluster()
    grow(cluster)
    assert cluster.done == [
        (SCALE, {"replicas": 0}),
        (
            f"{CLAIM}?fieldManager=pulumi-kubernetes",
            {"resources": {"requests": {"storage": "20Gi"}}},
        ),
        (SCALE, {"replicas": 1}),
    ]


def test_a_deployment_has_the_number_of_pods_in_the_settings_again() -> None:
    workload = Workload("deployments", "test", "web")
    for replicas in (0, 1):
        cluster = Cluster()
        grow(cluster, VolumeUser("application", workload, replicas))
        path = "/apis/apps/v1/namespaces/test/deployments/web?fieldManager=pulumi-kubernetes"
        assert cluster.done[0] == (path, {"replicas": 0})
        assert cluster.done[-1] == (path, {"replicas": replicas})


def test_a_pod_that_was_not_ready_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its disk may be full, or the same `up` changes its image."""
    monkeypatch.setattr(expansion, "SECONDS", 0.05)
    cluster = Cluster(ready=0)
    grow(cluster)
    assert cluster.size == "20Gi"
    assert cluster.done[-1] == (SCALE, {"replicas": 1})


def test_without_a_workload_the_volume_is_not_attached() -> None:
    """An `up` that failed before has created the claim alone."""
    cluster = Cluster(refusal=404)
    grow(cluster)
    assert not cluster.done
    with pytest.raises(ApiError):
        grow(Cluster(refusal=403))


def hook(
    before: str, after: str, monkeypatch: pytest.MonkeyPatch, *, online: bool = False
) -> list[str]:
    """Run the hook of a claim in a preview; return what it says."""
    said: list[str] = []
    checks: list[Any] = []
    monkeypatch.setattr(pulumi, "info", said.append)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    monkeypatch.setattr(expansion, "before_update", lambda name, check: checks.append(check))
    access = ClusterAccess(cast(Any, None))
    user = VolumeUser("application", Workload("deployments", "test", "web"))
    expansion_hooks("web:uploads", "volumes.uploads.size", user, access, online=online)
    (check,) = checks
    old, new = (
        {"spec": {"resources": {"requests": {"storage": size}}}} for size in (before, after)
    )
    args = pulumi.ResourceHookArgs(
        urn="urn", id="id", name="web", type="type", old_inputs=old, new_inputs=new
    )
    asyncio.run(check(args))
    return said


def test_growth_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hook("10Gi", "20Gi", monkeypatch) == [
        "test/web: volumes.uploads.size: 10Gi to 20Gi: the application is stopped until its volume"
        " has grown"
    ]
    assert not hook("10Gi", "10240Mi", monkeypatch)


def test_a_volume_that_shrinks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = "volumes.uploads.size: 10Gi to 9Gi: a volume can't shrink: set it to 10Gi or more"
    for online in (False, True):
        with pytest.raises(RefusedUpdate, match=f"^test/web: {expected}$"):
            hook("10Gi", "9Gi", monkeypatch, online=online)


def test_another_storage_grows_without_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not hook("10Gi", "20Gi", monkeypatch, online=True)


@pytest.mark.parametrize(
    ("cluster", "missing"),
    [
        (Cluster(pods=10**9), "its volume is used by web-db-0"),
        (Cluster(attachments=10**9), "its volume is attached"),
        (Cluster(expands=False), "its volume has 10Gi"),
    ],
)
def test_what_does_not_happen_is_told_and_it_is_started_all_the_same(
    cluster: Cluster, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expansion, "SECONDS", 0.05)
    with pytest.raises(
        WaitTimeoutError, match=rf"database test/web-db: after 0 s, {missing}\. Run `pulumi up`"
    ):
        grow(cluster)
    assert cluster.done[0] == (SCALE, {"replicas": 0})
    assert cluster.done[-1] == (SCALE, {"replicas": 1})
