"""A volume that was kept is found by the name of its former claim, and reserved for the new one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

import pulumi
import pytest

from components.lifecycle import waiting
from components.lifecycle.cluster_access import ClusterAccess
from components.lifecycle.kubernetes_api import ApiError, KubernetesApi
from components.volume.args import KEPT, RETAINING_CLASS, ClaimedVolume
from components.volume.kept_volumes import NoKeptVolume, kept_volume, reuse_kept_volume

WANTED = ClaimedVolume("20Gi", None, KEPT, keep=True)
WHERE = "files/shop: volumes.uploads.volume: kept"
CLAIM = "shop-uploads"
ONE, OTHER = "ch-gva-2/5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b", "ch-gva-2/" + "0" * 36
CREATED = "2026-11-30T07:42:00Z"


def volume(handle: str = ONE, phase: str = "Released", **spec: Any) -> dict[str, Any]:
    """A PersistentVolume that the application's claim has left."""
    claim = {"namespace": "files", "name": f"{CLAIM}.files-1a2b3c4d", "uid": "1"}
    return {
        "metadata": {"name": f"pvc-{handle[-4:]}", "creationTimestamp": CREATED},
        "spec": {
            "capacity": {"storage": "20Gi"},
            "claimRef": claim,
            "csi": {"driver": "csi.exoscale.com", "volumeHandle": handle},
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": RETAINING_CLASS,
            **spec,
        },
        "status": {"phase": phase},
    }


def named(name: str, namespace: str = "files") -> dict[str, Any]:
    return volume(claimRef={"namespace": namespace, "name": name})


def chosen(*volumes: Mapping[str, Any], wanted: ClaimedVolume = WANTED) -> str:
    found = kept_volume(volumes, "files", CLAIM, wanted, WHERE)
    return str(found["spec"]["csi"]["volumeHandle"])


OTHERS = {
    "another application": named("web-uploads.files-1a2b3c4d"),
    "another volume": named("shop-uploads-2.files-1a2b3c4d"),
    "another namespace": named(f"{CLAIM}.files-1a2b3c4d", "files-2"),
    "in use": volume(phase="Bound"),
    "deleted with its claim": volume(persistentVolumeReclaimPolicy="Delete"),
    "never claimed": volume(phase="Available", claimRef=None),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_no_other_volume_is_used(other: dict[str, Any]) -> None:
    with pytest.raises(NoKeptVolume) as caught:
        chosen(other)
    assert str(caught.value).partition("; ")[0] == (
        f"{WHERE}: the cluster has no volume that was kept under this name: remove kept for a new, "
        "empty volume, or set ZONE/ID of an existing one, which `exo compute block-storage list` "
        "shows"
    )
    other["spec"]["csi"]["volumeHandle"] = OTHER
    assert chosen(other, volume()) == ONE


def test_names_of_an_earlier_version_of_the_program_have_no_namespace() -> None:
    assert chosen(named(f"{CLAIM}-1a2b3c4d")) == ONE


def test_a_volume_that_an_interrupted_update_has_reserved_is_used() -> None:
    assert chosen(volume(phase="Available")) == ONE


def test_a_claim_that_a_killed_update_has_created_is_named() -> None:
    with pytest.raises(NoKeptVolume) as caught:
        chosen(volume(phase="Bound"))
    assert str(caught.value).endswith(
        f"; {ONE} (20Gi, created {CREATED}) is used by the claim {CLAIM}.files-1a2b3c4d: if a "
        "killed run has created it, `make leftovers` shows how to delete it"
    )


def test_a_volume_in_use_under_another_name_is_not_used_twice() -> None:
    """Its ZONE/ID was set: it has a second PersistentVolume, which Pulumi created."""
    with pytest.raises(NoKeptVolume, match="the cluster has no volume that was kept"):
        chosen(volume(), volume(phase="Bound"))


def test_of_two_none_is_used() -> None:
    with pytest.raises(NoKeptVolume) as caught:
        chosen(volume(), volume(OTHER))
    assert str(caught.value) == (
        f"{WHERE}: the cluster has 2 volumes that were kept under this name: {ONE} (20Gi, created "
        f"{CREATED}); {OTHER} (20Gi, created {CREATED}): set ZONE/ID of one of them instead of kept"
    )


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            WANTED._replace(size="30Gi"),
            "has not the size 30Gi: set 20Gi; it can grow when it is in use",
        ),
        (WANTED._replace(size="10Gi"), "has not the size 10Gi: set 20Gi"),
        (
            WANTED._replace(storage_class="fast"),
            f"has not the storage class fast: set storageClass: {RETAINING_CLASS}",
        ),
    ],
)
def test_the_settings_are_those_of_the_volume(wanted: ClaimedVolume, message: str) -> None:
    with pytest.raises(NoKeptVolume) as caught:
        chosen(volume(), wanted=wanted)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{WHERE}: {ONE} (20Gi, created {CREATED}) has not")
    assert chosen(volume(), wanted=WANTED._replace(size="20480Mi")) == ONE


class Cluster:
    """A cluster with a kept volume, whose phase follows a change at the second look."""

    def __init__(self, error: ApiError | None = None, phase: str = "Released") -> None:
        self.error = error
        self.phases = [phase]
        self.references: list[Any] = []

    async def list(self, path: str) -> list[Any]:
        assert path == "/api/v1/persistentvolumes"
        if self.error:
            raise self.error
        return [volume(phase=self.phases[-1])]

    async def get(self, path: str) -> Any:
        assert path == "/api/v1/persistentvolumes/pvc-2a3b"
        phase = self.phases.pop(0) if len(self.phases) > 1 else self.phases[0]
        return {"status": {"phase": phase}}

    async def patch(self, path: str, document: Mapping[str, Any]) -> None:
        assert path == "/api/v1/persistentvolumes/pvc-2a3b"
        reference = document["spec"]["claimRef"]
        self.phases.append("Released" if reference["uid"] else "Available")
        self.references.append(reference)


class Hook:
    """A hook that no engine knows."""

    def __init__(self, name: str, callback: Callable[..., Any], opts: Any) -> None:
        assert opts.on_dry_run
        self.callback = callback


class Known:
    """A kubeconfig, which is known unless the cluster is new."""

    def __init__(self, *, known: bool) -> None:
        self.known = known

    async def is_known(self) -> bool:
        return self.known


def create(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, *, preview: bool, known: bool = True
) -> list[str]:
    """Run the hook of a new claim, and return what it says."""

    async def from_kubeconfig(*_: object) -> KubernetesApi:
        return cast(KubernetesApi, cluster)

    said: list[str] = []
    monkeypatch.setattr(pulumi, "info", said.append)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)
    monkeypatch.setattr(KubernetesApi, "from_kubeconfig", from_kubeconfig)
    run_hook(ClusterAccess(cast(Any, Known(known=known))), monkeypatch)
    return said


def run_hook(access: ClusterAccess | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "ResourceHook", Hook)
    setting = "volumes.uploads.volume"
    binding = reuse_kept_volume("shop", setting, "files/shop", CLAIM, WANTED, access)
    (hook,) = cast(list[Hook], binding.before_create)
    metadata = {"namespace": "files", "name": f"{CLAIM}.files-5e6f7a8b"}
    args = pulumi.ResourceHookArgs("urn", "", "shop", "", new_inputs={"metadata": metadata})
    asyncio.run(hook.callback(args))


@pytest.mark.parametrize("preview", [False, True])
@pytest.mark.parametrize("phase", ["Released", "Available"])
def test_it_is_named_in_the_preview_and_reserved_by_the_update(
    preview: bool, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupted update has reserved it before, and Kubernetes' controller has to see both."""
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)
    cluster = Cluster(phase=phase)
    said = create(cluster, monkeypatch, preview=preview)
    assert said == [f"{WHERE}: {ONE} (20Gi, created {CREATED}) is used again, with its data"]
    reference = {
        "namespace": "files",
        "name": f"{CLAIM}.files-5e6f7a8b",
        "uid": None,
        "resourceVersion": None,
    }
    released = [] if phase == "Released" else [reference | {"uid": "deleted"}]
    assert cluster.references == ([] if preview else [*released, reference])
    assert cluster.phases == [phase if preview else "Available"]


def test_a_preview_without_the_cluster_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not create(Cluster(), monkeypatch, preview=True, known=False)
    away = ApiError(0, "does not answer")
    assert not create(Cluster(away), monkeypatch, preview=True)
    with pytest.raises(ApiError):
        create(Cluster(away), monkeypatch, preview=False)
    with pytest.raises(ApiError):
        create(Cluster(ApiError(403, "no")), monkeypatch, preview=True)


def test_it_needs_access_to_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoKeptVolume, match="requires the component's `access`"):
        run_hook(None, monkeypatch)
