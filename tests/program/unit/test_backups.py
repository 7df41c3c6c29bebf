"""`make backup`, `make backups`, `make restore`: what they create and delete, and their errors."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.program.unit.answering_pulumi import FakePulumi
from tests.program.unit.pods import INSTANCE, NAME, stack_with
from tests.support.kubernetes_api import Pages
from tools.backups import backup, listed, restore

CLAIMS = "/api/v1/namespaces/web/persistentvolumeclaims"
SNAPSHOTS = "/apis/snapshot.storage.k8s.io/v1/namespaces/web/volumesnapshots"
CONTENTS = "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents"
CLASSES = "/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses"
OURS = "%2Capp.kubernetes.io/managed-by%3Dmake-backup"
NOW = datetime(2026, 11, 30, 3, 17, tzinfo=UTC)
UPLOADS, DATABASE = "shop-uploads.web-1a2b3c4d", "shop-db.web-5e6f7a8b"
MADE = [f"{DATABASE}-20261130-031700", f"{UPLOADS}-20261130-031700"]

Written = list[tuple[str, str, Any]]


def claim(name: str, part: str = "shop", **fields: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {NAME: part, INSTANCE: "shop"}},
        "spec": {"volumeName": f"pvc-{name}"},
        "status": {"phase": "Bound"},
    } | fields


def volume(policy: str = "Retain", driver: str = "csi.exoscale.com") -> dict[str, Any]:
    source = {"driver": driver, "volumeHandle": "ch-gva-2/1"}
    capacity = {"storage": "20Gi"}
    return {"spec": {"persistentVolumeReclaimPolicy": policy, "csi": source, "capacity": capacity}}


def snapshot(name: str, hour: int = 3, volume: str = "uploads", **status: Any) -> dict[str, Any]:
    labels = {NAME: "shop-db" if volume == "db" else "shop", INSTANCE: "shop"}
    return {
        "metadata": {
            "name": name,
            "namespace": "web",
            "creationTimestamp": f"2026-11-30T{hour:02}:00:00Z",
            "labels": labels | {"app.kubernetes.io/component": volume},
            "annotations": {"exoscale-webapp/volume-size": "20Gi"},
        },
        "status": {"readyToUse": True, "boundVolumeSnapshotContentName": f"content-{name}"}
        | status,
    }


def content(name: str, policy: str = "Retain", driver: str = "csi.exoscale.com") -> dict[str, Any]:
    return {
        "metadata": {"name": f"content-{name}"},
        "spec": {"deletionPolicy": policy, "driver": driver},
        "status": {"snapshotHandle": f"ch-gva-2/{name}"},
    }


@pytest.fixture
def pages() -> Pages:
    """`shop` has a volume and a database, `shop-admin` nothing; the cluster makes snapshots."""
    made = {name: snapshot(name, 4, name.removeprefix("shop-").partition(".")[0]) for name in MADE}
    return {
        f"{CLAIMS}?labelSelector={INSTANCE}%3Dshop": [
            claim(UPLOADS),
            claim(DATABASE, "shop-db"),
        ],
        CLAIMS: [],
        f"/api/v1/persistentvolumes/pvc-{UPLOADS}": volume(),
        f"/api/v1/persistentvolumes/pvc-{DATABASE}": volume("Delete"),
        "/apis/snapshot.storage.k8s.io/v1": {"kind": "APIResourceList"},
        CLASSES: [
            {
                "metadata": {"name": "exoscale-snapshot"},
                "driver": "csi.exoscale.com",
                "deletionPolicy": "Delete",
            },
            {"metadata": {"name": "a"}, "driver": "example.com", "deletionPolicy": "Delete"},
        ],
        CONTENTS: [content(name, "Delete") for name in MADE],
        **{f"{SNAPSHOTS}/{name}": each for name, each in made.items()},
        f"{SNAPSHOTS}?labelSelector={INSTANCE}%3Dshop{OURS}": [*made.values()],
        SNAPSHOTS: [],
    }


@pytest.fixture
def written() -> Written:
    return []


@pytest.fixture
def stack(
    clone: Path,
    pulumi: FakePulumi,
    pages: Pages,
    written: Written,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Clock:
            return cls.fromtimestamp(NOW.timestamp(), tz)

    monkeypatch.setattr(backup, "datetime", Clock)
    for module in (backup, restore):
        monkeypatch.setattr(module, "PAUSE", 0.01)
    with stack_with(pages, clone, pulumi, written=written) as folder:
        yield folder


def make(stack: Path, *options: str) -> int:
    return backup.main(["--stack=dev", *options], stack)


def old_ones(pages: Pages, *names: str) -> None:
    """`shop` has these backups of its uploads too, made an hour after one another."""
    pages[f"{SNAPSHOTS}?labelSelector={INSTANCE}%3Dshop{OURS}"] += [
        snapshot(name, hour) for hour, name in enumerate(names)
    ]
    pages[CONTENTS] += [content(name) for name in names]


def test_each_volume_gets_a_snapshot_that_names_it(
    stack: Path, written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(stack) == 0
    created = [body for method, path, body in written if (method, path) == ("POST", SNAPSHOTS)]
    assert [each["metadata"]["name"] for each in created] == MADE
    assert created[1] == {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshot",
        "metadata": {
            "name": MADE[1],
            "labels": {
                NAME: "shop",
                INSTANCE: "shop",
                "app.kubernetes.io/component": "uploads",
                "app.kubernetes.io/managed-by": "make-backup",
            },
            "annotations": {"exoscale-webapp/volume-size": "20Gi"},
        },
        "spec": {
            "volumeSnapshotClassName": "exoscale-snapshot",
            "source": {"persistentVolumeClaimName": UPLOADS},
        },
    }
    assert created[0]["metadata"]["labels"][NAME] == "shop-db"
    assert created[0]["metadata"]["labels"]["app.kubernetes.io/component"] == "db"
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[:5] for line in lines] == [
        ["BACKUP", "APP", "VOLUME", "SIZE", "STATUS"],
        [MADE[1], "shop", "uploads", "20Gi", "ready"],
        [MADE[0], "shop", "db", "20Gi", "ready"],
    ]
    assert lines[1][-1] == f"ch-gva-2/{MADE[1]}"


def test_only_a_volume_that_is_kept_has_backups_that_are(
    stack: Path, pages: Pages, written: Written
) -> None:
    """Also that of a run that was killed before it said so."""
    old_ones(pages, "killed", "kept")
    pages[CONTENTS][-2] = content("killed", "Delete")
    assert make(stack) == 0
    patches = {path: body for method, path, body in written if method == "PATCH"}
    assert patches == {
        f"{CONTENTS}/content-{name}": {"spec": {"deletionPolicy": "Retain"}}
        for name in (MADE[1], "killed")
    }


def test_the_oldest_of_a_volume_are_deleted_with_their_snapshots(
    stack: Path, pages: Pages, written: Written
) -> None:
    old_ones(pages, "first", "second", "third")
    assert make(stack, "--keep=2") == 0
    ended = [(method, path) for method, path, _ in written if "/first" in path or "-first" in path]
    assert ended == [
        ("PATCH", f"{CONTENTS}/content-first"),
        ("DELETE", f"{SNAPSHOTS}/first"),
        ("DELETE", f"{CONTENTS}/content-first"),
    ]
    deleted = {path for method, path, _ in written if method == "DELETE"}
    assert deleted == {
        path
        for name in ("first", "second")
        for path in (f"{SNAPSHOTS}/{name}", f"{CONTENTS}/content-{name}")
    }


def test_an_incomplete_one_is_neither_counted_nor_deleted(
    stack: Path, pages: Pages, written: Written
) -> None:
    old_ones(pages, "first", "second")
    listed_ones = pages[f"{SNAPSHOTS}?labelSelector={INSTANCE}%3Dshop{OURS}"]
    listed_ones[-1]["status"]["readyToUse"] = False
    assert make(stack, "--keep=2") == 0
    assert "DELETE" not in {method for method, _, _ in written}


def test_one_that_fails_is_deleted_and_told_with_the_driver_s_reason(
    stack: Path,
    pages: Pages,
    written: Written,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(backup, "SECONDS", 0.05)
    status = pages[f"{SNAPSHOTS}/{MADE[1]}"]["status"]
    status |= {"readyToUse": False, "error": {"message": "quota exceeded"}}
    assert make(stack) == 1
    told = capsys.readouterr()
    assert told.out == f"{MADE[1]}: quota exceeded\n"
    assert told.err == f"backup: not complete after 0.05 s: {MADE[1]}: quota exceeded\n"
    deleted = [path for method, path, _ in written if method == "DELETE"]
    assert deleted == [f"{SNAPSHOTS}/{MADE[1]}"]


@pytest.mark.parametrize(
    ("options", "missing", "reason"),
    [
        (["--keep=0"], "", 'KEEP: "0": must be a whole number from 1 to 19'),
        (["--keep=20"], "", 'KEEP: "20": must be a whole number from 1 to 19'),
        (["--keep=²"], "", "must be a whole number"),
        (["--app=shp"], "", 'APP: "shp": must be a deployed application: shop, shop-admin'),
        (["--app=shop-admin"], "", "shop-admin: no persistent volume in the cluster. Those that "),
        ([], "/apis/snapshot.storage.k8s.io/v1", "dev: the cluster has no volume snapshots"),
    ],
)
def test_what_can_t_be_done_is_refused_before_anything_is_made(
    stack: Path,
    pages: Pages,
    written: Written,
    options: list[str],
    missing: str,
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pages.pop(missing, None)
    assert make(stack, *options) == 1
    assert reason in capsys.readouterr().err
    assert not written


def test_a_stack_without_volumes_is_told(
    stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]
) -> None:
    pages[f"{CLAIMS}?labelSelector={INSTANCE}%3Dshop"] = []
    assert make(stack) == 1
    assert capsys.readouterr().err == "backup: dev: no persistent volume in the cluster\n"


def test_a_driver_without_a_class_is_told(
    stack: Path, pages: Pages, written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    pages[f"/api/v1/persistentvolumes/pvc-{UPLOADS}"] = volume(driver="nfs.example.com")
    assert make(stack) == 1
    told = capsys.readouterr().err
    assert "shop: uploads: the cluster has no VolumeSnapshotClass for the driver of its" in told
    assert "nfs.example.com" in told
    assert not written


def test_the_default_class_is_used(stack: Path, pages: Pages, written: Written) -> None:
    annotation = "snapshot.storage.kubernetes.io/is-default-class"
    default = copy.deepcopy(pages[CLASSES][0])
    default["metadata"] = {"name": "own", "annotations": {annotation: "true"}}
    pages[CLASSES].append(default)
    assert make(stack) == 0
    assert written[0][2]["spec"]["volumeSnapshotClassName"] == "own"


def test_a_claim_without_a_volume_is_told(
    stack: Path, pages: Pages, written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    pending = claim(UPLOADS, status={"phase": "Pending"})
    pages[f"{CLAIMS}?labelSelector={INSTANCE}%3Dshop"] = [pending]
    assert make(stack) == 1
    assert f"kubectl describe pvc --namespace web {UPLOADS}" in capsys.readouterr().err
    assert not written


def test_backups_are_listed(stack: Path, pages: Pages, capsys: pytest.CaptureFixture[str]) -> None:
    old_ones(pages, "first")
    ended = pages[f"{SNAPSHOTS}?labelSelector={INSTANCE}%3Dshop{OURS}"][0]
    ended["metadata"]["deletionTimestamp"] = "2026-11-30T05:00:00Z"
    assert listed.main(["--stack=dev"], stack) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["BACKUP", "first", MADE[1], MADE[0]]
    assert "being deleted" in lines[3]
    assert listed.main(["--stack=dev", "--app=shop-admin"], stack) == 0
    assert capsys.readouterr().out == "shop-admin: it has no backups\n"


def test_a_restore_makes_a_volume_that_outlives_its_claim(
    stack: Path, pages: Pages, written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    # The server of these tests gives a created object no name.
    pages[f"{CLAIMS}/restore-1"] = claim("restore-1", spec={"volumeName": "pvc-new"})
    pages["/api/v1/persistentvolumes/pvc-new"] = volume()
    original = restore._claim
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            restore,
            "_claim",
            lambda one: (
                (made := original(one)) | {"metadata": {**made["metadata"], "name": "restore-1"}}
            ),
        )
        assert restore.main(["--stack=dev", f"--backup={MADE[1]}"], stack) == 0
    posted, *deleted = written
    assert posted[2]["spec"] == {
        "storageClassName": "exoscale-bs-retain",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "20Gi"}},
        "dataSource": {
            "apiGroup": "snapshot.storage.k8s.io",
            "kind": "VolumeSnapshot",
            "name": MADE[1],
        },
    }
    assert INSTANCE not in posted[2]["metadata"]["labels"]
    assert [each[:2] for each in deleted] == [
        ("DELETE", f"{CLAIMS}/restore-1"),
        ("DELETE", "/api/v1/persistentvolumes/pvc-new"),
    ]
    told = capsys.readouterr().out
    assert "for its volume uploads of shop" in told
    assert "  volume: ch-gva-2/1\n  size: 20Gi\n  allowDataLoss: true\n" in told


@pytest.mark.parametrize(
    ("name", "reason"),
    [("unknown", 'BACKUP: "unknown": must be a complete backup: '), ("foreign", "not of Exoscale")],
)
def test_what_is_no_backup_of_exoscale_s_is_not_restored(
    stack: Path,
    pages: Pages,
    written: Written,
    name: str,
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old_ones(pages, "foreign")
    pages[CONTENTS][-1] = content("foreign", driver="nfs.example.com")
    assert restore.main(["--stack=dev", f"--backup={name}"], stack) == 1
    assert reason in capsys.readouterr().err
    assert not written
