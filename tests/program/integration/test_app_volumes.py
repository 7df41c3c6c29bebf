"""An application's persistent volume through its life: it grows, is left, and is used again.

Its backups need the tools of `sandbox tools --snapshots`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.paths import write_private
from tests.support.account import Sandbox
from tests.support.documents import ROOT, commands_under
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import CLUSTER, Stack, copy_project
from tools.backups import backup, restore

pytestmark = pytest.mark.integration

NO_IMAGE = "registry.invalid/web:1"
LIMIT = 5
QUICK = {"drainSeconds": 0, "terminationGracePeriodSeconds": 1}
ROLLOUT = {**QUICK, "progressDeadlineSeconds": LIMIT, "timeoutSeconds": 20}
OWN_CLASS = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: own}
provisioner: csi.exoscale.com
allowVolumeExpansion: true
"""


def app(name: str, **volume: Any) -> dict[str, Any]:
    """An application with a persistent volume."""
    return {
        "name": name,
        "namespace": "files",
        "image": "example/web:1",
        "rollout": ROLLOUT,
        "volumes": [{"name": "uploads", "size": "1Gi", **volume}],
        "mounts": [{"volume": "uploads", "path": "/uploads"}],
    }


@pytest.fixture(scope="module")
def kube(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Kube:
    """A cluster with volumes."""
    addons = ["exoscale-cloud-controller", "exoscale-container-storage-interface"]
    cluster = sandbox.create_cluster("app-volumes", size=1, addons=addons)
    file = tmp_path_factory.mktemp("app-volumes") / "kubeconfig"
    write_private(file, sandbox.kubeconfig(cluster))
    found = Kube(file, sandbox.environment)
    found.run("kubectl", "create", "-f", "-", stdin=OWN_CLASS)
    return found


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    folder: Path = copy_project(tmp_path_factory.mktemp("app-volumes") / "project")
    stack = Stack("app-volumes", folder, sandbox.environment)
    stack("stack", "init")
    cluster = {"kubeconfig": str(kube.kubeconfig)}
    apps = [app("shop"), app("index", keep=False), app("wiki", size="2Gi", storageClass="own")]
    stack.configure({"existingCluster": cluster, "apps": apps})
    stack.up()
    return stack


@pytest.fixture
def settings(stack: Stack) -> Iterator[None]:
    """The settings, which a test that is refused leaves as they were."""
    before = stack.file.read_text()
    yield
    stack.file.write_text(before)


@pytest.fixture
def environment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `sandbox exec` would give to the tools."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)


def claim_of(kube: Kube, name: str) -> dict[str, Any]:
    """The claim that the pods of an application mount."""
    pod = kube.get("deployment", name, "files")["spec"]["template"]["spec"]
    (claim,) = (
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["volumes"]
        if volume["name"] == "uploads"
    )
    assert {"name": "uploads", "mountPath": "/uploads"} in pod["containers"][0]["volumeMounts"]
    return kube.get("pvc", claim, "files")


def volume_of(kube: Kube, name: str) -> dict[str, Any]:
    return kube.get("pv", claim_of(kube, name)["spec"]["volumeName"])


def ready_pods(kube: Kube, name: str) -> int:
    status = kube.get("deployment", name, "files")["status"]
    return int(status.get("readyReplicas", 0))


def test_it_is_bound_and_the_pod_stops_before_the_next_one_starts(stack: Stack, kube: Kube) -> None:
    for name, policy in (("shop", "Retain"), ("index", "Delete")):
        assert claim_of(kube, name)["status"]["phase"] == "Bound"
        assert volume_of(kube, name)["spec"]["persistentVolumeReclaimPolicy"] == policy
        spec = kube.get("deployment", name, "files")["spec"]
        assert (spec["strategy"], spec["replicas"]) == ({"type": "Recreate"}, 1)
        assert ready_pods(kube, name) == 1
    told = stack("preview", "--expect-no-changes")
    assert "shop has one pod, and a rollout stops it before the new one starts" in told
    stack("refresh", "--yes", "--expect-no-changes")


def test_it_grows_while_the_application_is_stopped(stack: Stack, kube: Kube) -> None:
    """Also beside a change that fails, after which only that one is taken back."""
    before = claim_of(kube, "shop")
    stack.set("apps[0].volumes[0].size", "2Gi")
    stack.set("apps[0].image", NO_IMAGE)
    told = "files/shop: volumes.uploads.size: 1Gi to 2Gi: the application is stopped until its"
    assert told in stack("preview")
    stack.refused("up", "--yes", "--skip-preview")
    stack.set("apps[0].image", "example/web:2")
    stack.up()
    assert volume_of(kube, "shop")["spec"]["capacity"] == {"storage": "2Gi"}
    assert claim_of(kube, "shop")["metadata"]["uid"] == before["metadata"]["uid"]
    assert ready_pods(kube, "shop") == 1
    stack("preview", "--expect-no-changes")


def test_the_number_of_pods_is_the_stacks_after_that(stack: Stack, kube: Kube) -> None:
    for replicas in (0, 1):
        stack.set("apps[0].replicas", f"{replicas}")
        stack.up()
        assert kube.get("deployment", "shop", "files")["spec"]["replicas"] == replicas


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(("index", "name"), [(0, "shop"), (2, "wiki")])
def test_it_does_not_shrink(index: int, name: str, stack: Stack, kube: Kube) -> None:
    """Not with a storage class of its own either, whose volumes may grow while they are in use."""
    stack.set(f"apps[{index}].volumes[0].size", "1Gi")
    stack.set("apps[1].labels.changed", "too")
    for command in (["preview"], ["up", "--yes", "--skip-preview"]):
        told = stack.refused(*command)
        assert f"files/{name}: volumes.uploads.size: 2Gi to 1Gi: a volume can't shrink" in told
    assert volume_of(kube, name)["spec"]["capacity"] == {"storage": "2Gi"}
    assert ready_pods(kube, name) == 1


@pytest.mark.usefixtures("settings")
def test_files_are_not_left_behind_unasked(stack: Stack) -> None:
    stack.set("apps[0].volumes[0].name", "files")
    stack.set("apps[0].mounts[0].volume", "files")
    stack.set("apps[1].namespace", "elsewhere")
    told = stack.refused("preview")
    assert "shop/uploads: volume: it was removed or renamed" in told
    assert "index/uploads: namespace: elsewhere: the data is in files: a new volume" in told


def remove_volumes(stack: Stack) -> None:
    document = yaml.safe_load(stack.file.read_text())
    for each in document["config"]["webapp:apps"]:
        for key in ("volumes", "mounts"):
            each.pop(key, None)
    stack.file.write_text(yaml.safe_dump(document, sort_keys=False))
    stack.up()


def restore_volume(stack: Stack, before: str, volume: str) -> None:
    """Give the first application its volume again; leave the others without."""
    document = yaml.safe_load(before)
    first, *others = document["config"]["webapp:apps"]
    first["volumes"][0]["volume"] = volume
    for each in others:
        del each["volumes"], each["mounts"]
    stack.file.write_text(yaml.safe_dump(document, sort_keys=False))


def test_a_removed_volume_is_kept_and_used_again_by_its_name(stack: Stack, kube: Kube) -> None:
    kept, deleted = volume_of(kube, "shop"), volume_of(kube, "index")
    name, handle = kept["metadata"]["name"], kept["spec"]["csi"]["volumeHandle"]
    for index in (0, 1, 2):
        stack.set(f"apps[{index}].volumes[0].allowDataLoss", "true")
    stack.up()
    before = stack.file.read_text()
    remove_volumes(stack)
    assert not kube.list("pvc", "files")
    eventually(lambda: deleted["metadata"]["name"] not in kube.names("pv"), within=60)
    assert kube.get("pv", name)["status"]["phase"] == "Released"

    restore_volume(stack, before, "kept")
    another = json.loads(kube.run("kubectl", "get", "pv", name, "-o", "json"))
    another["metadata"] = {"name": "another"}
    another["spec"]["csi"]["volumeHandle"] = "elsewhere"
    another.pop("status")
    kube.run("kubectl", "create", "-f", "-", stdin=json.dumps(another))
    setting = "files/shop: volumes.uploads.volume: kept"
    eventually(lambda: kube.get("pv", "another")["status"]["phase"] == "Released", within=60)
    told = stack.refused("preview")
    assert f"{setting}: the cluster has 2 volumes that were kept under this name" in told
    assert handle in told
    assert "elsewhere" in told
    kube.run("kubectl", "delete", "pv", "another")

    told = stack("preview")
    assert f"{setting}: {handle} (2Gi, created " in told
    assert "is used again, with its data" in told
    assert kube.get("pv", name)["status"]["phase"] == "Released"
    stack.up()
    used = volume_of(kube, "shop")
    assert used["metadata"]["uid"] == kept["metadata"]["uid"]
    assert used["spec"]["csi"]["volumeHandle"] == handle
    assert claim_of(kube, "shop")["status"]["phase"] == "Bound"
    assert ready_pods(kube, "shop") == 1
    stack("preview", "--expect-no-changes")


def test_a_removed_volume_is_used_again_by_its_id(stack: Stack, kube: Kube) -> None:
    kept = volume_of(kube, "shop")
    name, handle = kept["metadata"]["name"], kept["spec"]["csi"]["volumeHandle"]
    command = commands_under(ROOT / "docs" / "applications.md", "Keep, move or delete a volume")
    assert [claim_of(kube, "shop")["metadata"]["name"], "files", handle] in [
        line.split() for line in kube.run("sh", "-c", command).splitlines()
    ]
    before = stack.file.read_text()
    remove_volumes(stack)
    assert kube.get("pv", name)["status"]["phase"] == "Released"

    stack.file.write_text(before)
    stack.set("apps[0].volumes[0].volume", f"{CLUSTER['zone']}/{handle}")
    stack.up()
    used = volume_of(kube, "shop")
    assert used["metadata"]["name"] != name
    assert used["spec"]["csi"]["volumeHandle"] == f"{CLUSTER['zone']}/{handle}"
    assert claim_of(kube, "shop")["status"]["phase"] == "Bound"
    assert ready_pods(kube, "shop") == 1
    stack("preview", "--expect-no-changes")


@pytest.mark.usefixtures("settings")
def test_two_applications_never_use_it_at_once(stack: Stack) -> None:
    """Not even with the word for it, which was given above."""
    stack.set("apps[0].namespace", "elsewhere")
    told = stack.refused("preview")
    assert "shop/uploads in the namespace files still uses it during this change" in told


def folder_of(sandbox: Sandbox, handle: str, kind: str = "volumes") -> Path:
    """The data of a volume or a snapshot, by its ID or ZONE/ID."""
    return sandbox.home / kind / handle.rpartition("/")[2]


def backups(kube: Kube) -> list[dict[str, Any]]:
    """The snapshots that `make backup` has made, oldest first."""
    found = kube.list("volumesnapshots", "files")
    return sorted(found, key=lambda each: each["metadata"]["creationTimestamp"])


@pytest.mark.usefixtures("environment")
def test_backups_are_made_and_the_oldest_deleted(
    sandbox: Sandbox, stack: Stack, kube: Kube
) -> None:
    volume = folder_of(sandbox, volume_of(kube, "shop")["spec"]["csi"]["volumeHandle"])
    for note in ("first", "second"):
        (volume / "note").write_text(note)
        assert backup.main([f"--stack={stack.name}", "--keep=1"], stack.folder) == 0
    eventually(lambda: len(backups(kube)) == 1)
    eventually(lambda: len(kube.list("volumesnapshotcontents")) == 1)
    (kept,) = kube.list("volumesnapshotcontents")
    assert kept["spec"]["deletionPolicy"] == "Retain"
    assert kept["spec"]["volumeSnapshotRef"]["name"] == backups(kube)[0]["metadata"]["name"]
    data = folder_of(sandbox, kept["status"]["snapshotHandle"], "snapshots") / "data"
    assert (data / "note").read_text() == "second"
    assert len([*(sandbox.home / "snapshots").iterdir()]) == 1


@pytest.mark.usefixtures("environment")
def test_a_backup_becomes_the_volume(
    sandbox: Sandbox, stack: Stack, kube: Kube, capsys: pytest.CaptureFixture[str]
) -> None:
    before = volume_of(kube, "shop")
    (folder_of(sandbox, before["spec"]["csi"]["volumeHandle"]) / "note").write_text("broken")
    (made,) = backups(kube)
    name = made["metadata"]["name"]
    assert restore.main([f"--stack={stack.name}", f"--backup={name}"], stack.folder) == 0
    told = capsys.readouterr().out
    assert "its volume uploads of shop" in told
    (handle,) = re.findall(r"^  volume: (\S+)$", told, re.MULTILINE)
    assert len(kube.list("pvc", "files")) == 1

    stack.set("apps[0].volumes[0].volume", handle)
    stack.set("apps[0].volumes[0].allowDataLoss", "true")
    stack.up()
    after = volume_of(kube, "shop")
    assert after["spec"]["csi"]["volumeHandle"] == handle
    assert (folder_of(sandbox, handle) / "note").read_text() == "second"
    assert ready_pods(kube, "shop") == 1
    stack("preview", "--expect-no-changes")


def test_it_outlives_the_stack_and_so_do_its_backups(
    sandbox: Sandbox, stack: Stack, kube: Kube
) -> None:
    assert stack.file.read_text().count("size:") == 1
    (snapshot,) = kube.list("volumesnapshotcontents")
    stack("destroy", "--yes", "--skip-preview")
    assert stack.resources() == []
    phases = {volume["status"]["phase"] for volume in kube.list("pv")}
    assert phases == {"Released"}
    assert "files" not in kube.names("namespaces")
    (left,) = kube.list("volumesnapshotcontents")
    assert left["metadata"]["name"] == snapshot["metadata"]["name"]
    assert folder_of(sandbox, left["status"]["snapshotHandle"], "snapshots").is_dir()
