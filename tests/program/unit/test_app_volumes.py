"""Persistent volumes of applications: their claims, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from components.volume.args import DELETING_CLASS, RETAINING_CLASS
from stack.checks.whole_stack import notices
from tests.program.unit.app import declare_app, declared_pod, deployment
from tests.program.unit.stack_settings import APP, VALID, changed, load, mistakes
from tests.program.unit.test_warnings import STRICT

UPLOADS: dict[str, Any] = {"name": "uploads", "size": "20Gi"}
MOUNTS = [{"volume": "uploads", "path": "/uploads"}]
VOLUME = "ch-gva-2/5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"
ONE_NODE = "only one node can use the persistent volume uploads (ReadWriteOnce)"


def app(volume: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """The settings of an application with a persistent volume."""
    return {"replicas": 1, "volumes": [UPLOADS | (volume or {})], "mounts": MOUNTS, **settings}


def claim(**volume: Any) -> dict[str, Any]:
    claims = declare_app(**app(volume))[0].of_type("PersistentVolumeClaim")
    return claims["rickroller-uploads"]


def test_a_claim_is_mounted_in_the_only_pod_which_stops_before_the_next_one_starts() -> None:
    found = claim()
    assert "name" not in found["metadata"]
    assert found["metadata"]["namespace"] == "test"
    assert found["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": RETAINING_CLASS,
        "resources": {"requests": {"storage": "20Gi"}},
    }
    settings = app(volumes=[UPLOADS, {"name": "cache"}])
    engine, _ = declare_app(**settings)
    assert not engine.of_type("PodDisruptionBudget")
    spec = engine.of_type("Deployment")["rickroller"]["spec"]
    assert spec["strategy"] == {"type": "Recreate"}
    pod = spec["template"]["spec"]
    assert pod["volumes"][1:] == [
        {"name": "uploads", "persistentVolumeClaim": {"claimName": "rickroller-uploads"}},
        {"name": "cache", "emptyDir": {}},
    ]
    assert pod["securityContext"]["fsGroup"] == 1000
    assert pod["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"
    mount = {"name": "uploads", "mountPath": "/uploads", "readOnly": False}
    assert mount in pod["containers"][0]["volumeMounts"]


def test_an_application_without_one_is_rolled_out_gradually() -> None:
    found = deployment(volumes=[{"name": "uploads"}], mounts=MOUNTS)
    assert found["spec"]["strategy"]["type"] == "RollingUpdate"


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ({"keep": False}, DELETING_CLASS),
        ({"storageClass": "local-path"}, "local-path"),
        ({"storageClass": "local-path", "keep": False}, "local-path"),
    ],
)
def test_its_storage_class(volume: dict[str, Any], expected: str) -> None:
    assert claim(**volume)["spec"]["storageClassName"] == expected


def test_a_kept_volume_is_used_again() -> None:
    engine, _ = declare_app(**app({"volume": VOLUME}))
    volume = engine.of_type("PersistentVolume")["rickroller-uploads"]["spec"]
    assert volume["csi"]["volumeHandle"] == VOLUME
    assert volume["persistentVolumeReclaimPolicy"] == "Retain"
    assert claim(volume=VOLUME)["spec"]["volumeName"] == "rickroller-uploads"


def test_one_that_was_kept_under_its_name_needs_no_other_object() -> None:
    """A hook reserves it: the claim is that of a new volume."""
    engine, _ = declare_app(**app({"volume": "kept"}))
    assert not engine.of_type("PersistentVolume")
    assert claim(volume="kept") == claim()


def test_other_pods_have_no_persistent_volume_because_they_may_run_on_another_node() -> None:
    mounts = [*MOUNTS, {"volume": "cache", "path": "/cache"}]
    engine, _ = declare_app(
        **app(volumes=[UPLOADS, {"name": "cache"}], mounts=mounts),
        beforeRollout={"command": ["migrate"]},
        schedules=[{"name": "clean", "schedule": "0 3 * * *", "command": ["clean"]}],
        workers=[{"name": "mail", "command": ["mail"]}],
    )
    (job,) = engine.of_type("Job").values()
    (cron_job,) = engine.of_type("CronJob").values()
    worker = engine.of_type("Deployment")["rickroller-mail"]
    assert worker["spec"]["strategy"]["type"] == "RollingUpdate"
    for spec in (job["spec"], cron_job["spec"]["jobTemplate"]["spec"], worker["spec"]):
        pod = spec["template"]["spec"]
        assert [volume["name"] for volume in pod["volumes"]] == ["writable", "cache"]
        (container,) = pod["containers"]
        assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp", "/cache"]


def test_a_sidecar_mounts_it_too() -> None:
    sidecar = {"name": "logs", "image": "busybox:1.37", "mounts": MOUNTS}
    spec = declared_pod(**app(sidecars=[sidecar]))
    (logs,) = spec["initContainers"]
    assert "/uploads" in {mount["mountPath"] for mount in logs["volumeMounts"]}


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (app({"sizeLimit": "1Gi"}), 'volumes[0].sizeLimit: "1Gi": must not be given with size'),
        (app({"medium": "disk"}), 'volumes[0].medium: "disk": must not be given with size'),
        (
            {"volumes": [{"name": "a", "keep": False}]},
            "volumes[0].keep: false: requires size: without it, the volume is temporary",
        ),
        (
            {"volumes": [{"name": "a", "storageClass": "fast"}]},
            'volumes[0].storageClass: "fast": requires size',
        ),
        (
            {"volumes": [{"name": "a", "volume": VOLUME}]},
            f'volumes[0].volume: "{VOLUME}": requires size',
        ),
        (
            {"volumes": [{"name": "a", "allowDataLoss": True}]},
            "volumes[0].allowDataLoss: true: requires size",
        ),
        (app({"size": "20G"}), 'volumes[0].size: "20G": must be whole GiB, from 1Gi to 10000Gi'),
        (app({"size": "512Mi"}), 'volumes[0].size: "512Mi": must be whole GiB'),
        (app({"size": 20}), "volumes[0].size: 20: must be bytes with their unit"),
        (app({"volume": "uploads"}), 'volumes[0].volume: "uploads": must be ZONE/ID of a block'),
        (
            app({"volume": "kept", "keep": False}),
            'volumes[0].volume: "kept": must be ZONE/ID if the volume is not kept',
        ),
        (app(replicas=2), f"replicas: 2: must be 1, or 0: {ONE_NODE}"),
        (
            app(rollout={"type": "RollingUpdate"}),
            f'rollout.type: "RollingUpdate": must be Recreate, the default here: {ONE_NODE}',
        ),
        (app(rollout={"maxSurge": 2}), f"rollout.maxSurge: 2: must not be given: {ONE_NODE}"),
    ],
)
def test_mistakes(settings: dict[str, Any], line: str) -> None:
    values = changed("cluster.csi", True)
    (found,) = mistakes(values | {"apps": [APP | settings]})
    assert found.startswith(f"apps[0].{line}")


def test_an_autoscaler_is_refused() -> None:
    settings = app(autoscaler={"min": 1, "max": 2, "cpu": 80})
    del settings["replicas"]
    (found,) = mistakes(changed("cluster.csi", True) | {"apps": [APP | settings]})
    assert found.startswith("apps[0].autoscaler: ")
    assert found.endswith(f"must not be given: {ONE_NODE}")


def test_sizes_of_other_storage_are_free() -> None:
    assert load(VALID | {"apps": [APP | app({"size": "20G", "storageClass": "fast"})]})


def test_exoscales_storage_needs_its_driver() -> None:
    assert mistakes(VALID | {"apps": [APP | app()]}) == [
        'apps[0].volumes[0].size: "20Gi": needs a storage class: set cluster.csi to true, or '
        "storageClass"
    ]


def test_an_existing_volume_has_one_user() -> None:
    one = APP | app({"volume": VOLUME})
    other = APP | {"name": "api", "database": {"volume": VOLUME}}
    assert mistakes(changed("cluster.csi", True) | {"apps": [one, other]}) == [
        f'apps[1].database.volume: "{VOLUME}": must differ from apps[0].volumes[0].volume: only '
        "one pod can use a volume"
    ]


def test_the_preview_says_that_it_has_one_pod_unless_the_file_does() -> None:
    values = changed("cluster.csi", True)
    apps = [APP, APP | {"name": "api"} | app(volumes=[UPLOADS, UPLOADS | {"name": "more"}])]
    assert [*notices(load(values | {"apps": apps}))] == [
        "apps[1].volumes[0]: only one node can use uploads (ReadWriteOnce): api has one pod, and a "
        "rollout stops it before the new one starts; rollout.type: Recreate accepts this"
    ]
    accepted = APP | app(rollout={"type": "Recreate"})
    assert not [*notices(load(values | {"apps": [accepted]}))]


def test_production_accepts_its_one_pod() -> None:
    values = changed("cluster.csi", True) | {"production": True}
    assert load(values | {"apps": [STRICT | app()]})
    assert mistakes(values | {"apps": [STRICT | {"replicas": 1}]})


@pytest.mark.parametrize(
    ("volume", "deleted"),
    [
        ({}, False),
        ({"volume": "kept"}, False),
        ({"keep": False}, True),
        ({"keep": False, "volume": VOLUME}, False),
    ],
)
def test_nodes_outlive_volumes_that_are_deleted(volume: dict[str, Any], deleted: bool) -> None:
    settings = load(changed("cluster.csi", True) | {"apps": [APP | app(volume)]})
    assert settings.deletes_volumes == deleted
