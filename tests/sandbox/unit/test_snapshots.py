"""Snapshots of volumes: folders, which the CSI driver's controller copies and deletes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from sandbox.sks import snapshots
from sandbox.sks.snapshots import Snapshots
from sandbox.sks.storage import CSI_DRIVER

ID = "5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"
UID = "6bf2b6b3-5d9c-4f1f-9ca0-1e9a2d2a3b4c"
ZONE = "ch-gva-2"
FINALIZER = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"


@dataclass
class Api:
    """The API server: the objects that it has, and what the controller has written."""

    ready: str = "True"
    contents: list[dict[str, Any]] = field(default_factory=list)
    claims: list[client.V1PersistentVolumeClaim] = field(default_factory=list)
    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    volumes: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    def list_node(self) -> client.V1NodeList:
        condition = client.V1NodeCondition(type="Ready", status=self.ready)
        node = client.V1Node(status=client.V1NodeStatus(conditions=[condition]))
        return client.V1NodeList(items=[node])

    def list_persistent_volume(self) -> client.V1PersistentVolumeList:
        source = client.V1CSIPersistentVolumeSource(driver=CSI_DRIVER, volume_handle=ID)
        spec = client.V1PersistentVolumeSpec(csi=source, capacity={"storage": "2Gi"})
        return client.V1PersistentVolumeList(items=[client.V1PersistentVolume(spec=spec)])

    def list_persistent_volume_claim_for_all_namespaces(self) -> Any:
        return client.V1PersistentVolumeClaimList(items=self.claims)

    def create_persistent_volume(self, body: dict[str, Any]) -> None:
        self.volumes.append(body)

    def create_namespaced_event(self, _: str, body: dict[str, Any]) -> None:
        self.events.append(f"{body['reason']}: {body['message']}")

    def list_cluster_custom_object(self, *_: str) -> dict[str, Any]:
        return {"items": self.contents}

    def get_cluster_custom_object(self, *_: str) -> dict[str, Any]:
        return self.contents[0]

    def get_namespaced_custom_object(self, *path: str) -> dict[str, Any]:
        if path[-1] not in self.snapshots:
            raise client.ApiException(status=404)
        return self.snapshots[path[-1]]

    def patch_cluster_custom_object(self, *path: Any) -> None:
        self.changes.append(path[-1])

    def patch_cluster_custom_object_status(self, *path: Any) -> None:
        self.statuses.append(path[-1]["status"])
        self.contents[0]["status"] = {**self.contents[0].get("status", {}), **path[-1]["status"]}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api()
    for name in ("CoreV1Api", "CustomObjectsApi"):
        monkeypatch.setattr(client, name, lambda _: api)
    return api


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """The folder of a volume with a file."""
    folder = tmp_path / "volumes" / ID
    folder.mkdir(parents=True)
    (folder / "note").write_text("first")
    return folder


@pytest.fixture
def controller(api: Api, volume: Path, tmp_path: Path) -> Snapshots:
    return Snapshots("web", ZONE, client.ApiClient(), volume.parent, tmp_path / "snapshots")


def content(source: dict[str, str] | None = None, policy: str = "Delete") -> dict[str, Any]:
    return {
        "metadata": {"name": "content-1", "finalizers": [FINALIZER], "resourceVersion": "7"},
        "spec": {
            "driver": CSI_DRIVER,
            "deletionPolicy": policy,
            "source": source or {"volumeHandle": ID},
            "volumeSnapshotRef": {"uid": UID, "name": "one", "namespace": "web"},
        },
    }


def deleted(content: dict[str, Any]) -> dict[str, Any]:
    annotation = {"snapshot.storage.kubernetes.io/volumesnapshot-being-deleted": "yes"}
    metadata = {"deletionTimestamp": "2026-11-30T03:00:00Z", "annotations": annotation}
    return {**content, "metadata": content["metadata"] | metadata}


def claim(size: str = "2Gi", snapshot: str = "one") -> client.V1PersistentVolumeClaim:
    source = client.V1TypedLocalObjectReference(
        api_group="snapshot.storage.k8s.io", kind="VolumeSnapshot", name=snapshot
    )
    return client.V1PersistentVolumeClaim(
        metadata=client.V1ObjectMeta(
            name="restored",
            namespace="web",
            uid="restored-uid",
            resource_version="1",
            annotations={"volume.kubernetes.io/storage-provisioner": CSI_DRIVER},
        ),
        spec=client.V1PersistentVolumeClaimSpec(
            access_modes=["ReadWriteOnce"],
            storage_class_name="exoscale-bs-retain",
            data_source=source,
            resources=client.V1VolumeResourceRequirements(requests={"storage": size}),
        ),
    )


def test_a_snapshot_has_the_files_of_its_moment(
    controller: Snapshots, api: Api, volume: Path, tmp_path: Path
) -> None:
    api.contents = [content()]
    controller.look()
    (volume / "note").write_text("second")
    controller.look()
    (status,) = api.statuses
    assert status["snapshotHandle"] == f"{ZONE}/{UID}"
    assert status["readyToUse"] is True
    assert (tmp_path / "snapshots" / UID / "data" / "note").read_text() == "first"


def test_it_becomes_a_volume_of_its_own(controller: Snapshots, api: Api, volume: Path) -> None:
    api.contents, api.claims = [content()], [claim()]
    status = {"readyToUse": True, "boundVolumeSnapshotContentName": "content-1"}
    api.snapshots["one"] = {"status": status}
    controller.look()
    (made,) = api.volumes
    assert made["spec"]["csi"]["volumeHandle"] == f"{ZONE}/restored-uid"
    assert made["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert (volume.parent / "restored-uid" / "note").read_text() == "first"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (claim(size="1Gi"), "the snapshot's volume has 2Gi, more than 1Gi"),
        (claim(snapshot="two"), "VolumeSnapshot by Name two: snapshot two not found"),
    ],
)
def test_what_exoscale_refuses_is_an_event_of_the_claim(
    controller: Snapshots, api: Api, wrong: Any, reason: str
) -> None:
    api.contents, api.claims = [content()], [wrong]
    status = {"readyToUse": True, "boundVolumeSnapshotContentName": "content-1"}
    api.snapshots["one"] = {"status": status}
    for _ in range(2):
        controller.look()
    (event,) = api.events
    assert event.startswith("ProvisioningFailed: ")
    assert event.endswith(reason)
    assert not api.volumes


@pytest.mark.parametrize(("policy", "left"), [("Delete", False), ("Retain", True)])
def test_it_is_deleted_unless_it_is_retained(
    controller: Snapshots, api: Api, tmp_path: Path, policy: str, left: bool
) -> None:
    api.contents = [content(policy=policy)]
    controller.look()
    api.contents = [deleted(api.contents[0])]
    controller.look()
    assert api.changes == [{"metadata": {"finalizers": [], "resourceVersion": "7"}}]
    assert (tmp_path / "snapshots" / UID).exists() == left


def test_nothing_happens_without_a_node_for_the_driver(controller: Snapshots, api: Api) -> None:
    api.contents, api.ready = [content()], "Unknown"
    controller.look()
    assert not api.statuses


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({"volumeHandle": UID}, f"snapshot of the volume {UID}: volume not found"),
        ({"snapshotHandle": f"{ZONE}/{ID}"}, f"snapshot {ZONE}/{ID} not found"),
    ],
)
def test_what_is_not_there_is_an_error_of_the_snapshot(
    controller: Snapshots, api: Api, source: dict[str, str], reason: str
) -> None:
    api.contents = [content(source)]
    for _ in range(2):
        controller.look()
    (status,) = api.statuses
    assert status["readyToUse"] is False
    assert status["error"]["message"].endswith(reason)


def test_a_retained_one_is_used_again(controller: Snapshots, api: Api, tmp_path: Path) -> None:
    (tmp_path / "snapshots" / ID / "data").mkdir(parents=True)
    api.contents = [content({"snapshotHandle": f"{ZONE}/{ID}"})]
    controller.look()
    (status,) = api.statuses
    assert status["readyToUse"] is True


def test_a_volume_has_a_limited_number_of_them(
    controller: Snapshots, api: Api, tmp_path: Path
) -> None:
    for number in range(snapshots.LIMIT):
        folder = tmp_path / "snapshots" / f"{number}"
        folder.mkdir()
        (folder / "volume.json").write_text(json.dumps({"volume": ID, "size": "2Gi"}))
    api.contents = [content()]
    controller.look()
    assert "20 snapshots, which is the maximum" in api.statuses[0]["error"]["message"]


def test_snapshots_of_other_drivers_are_left_alone(controller: Snapshots, api: Api) -> None:
    other = content()
    other["spec"]["driver"] = "example.com"
    api.contents = [other]
    controller.look()
    assert not api.statuses
