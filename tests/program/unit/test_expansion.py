"""A volume of Exoscale's grows while its database is stopped, which is started in any case."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from components.database import expansion
from components.database.expansion import expand
from components.lifecycle import waiting
from components.lifecycle.kubernetes_api import KubernetesApi
from components.lifecycle.waiting import WaitTimeoutError

CLAIM = "/api/v1/namespaces/test/persistentvolumeclaims/web-db-1"
VOLUME = "/api/v1/persistentvolumes/pvc-1"
SCALE = "/apis/apps/v1/namespaces/test/statefulsets/web-db/scale"


@dataclass
class Cluster:
    """A database with its volume; each look at the pods or attachments is one nearer to none.

    Exoscale refuses to expand the volume while it is attached.
    """

    pods: int = 2
    attachments: int = 2
    expands: bool = True
    size: str = "10Gi"
    done: list[tuple[str, Any]] = field(default_factory=list)

    async def get(self, path: str) -> Any:
        if path == CLAIM:
            return {"spec": {"volumeName": "pvc-1"}}
        if path == VOLUME:
            return {"spec": {"capacity": {"storage": self.size}}}
        return {"status": {"readyReplicas": 1}}

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


def grow(cluster: Cluster) -> None:
    api = cast(KubernetesApi, cluster)
    asyncio.run(expand(api, "test", "web-db", claim="web-db-1", size="20Gi"))


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
