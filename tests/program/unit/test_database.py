"""What a database declares, of either kind, and which settings are wrong."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime.rpc import is_rpc_secret, unwrap_rpc_secret
from pydantic import ValidationError

from components.args.errors import problem_lines
from components.database.args import DatabaseArgs
from components.database.database import Database
from components.database.dbaas import check_version
from components.database.wait import DEADLINE_SECONDS, WAIT
from components.lifecycle.before_update import RefusedUpdate
from stack.compose import declare as declare_stack
from tests.program.unit.app import BACKUP, declare_app
from tests.program.unit.engine import Engine, run
from tests.program.unit.stack_settings import changed, load, mistakes

CLIENTS = {"app": "web"}
DBAAS = {"kind": "dbaas", "zone": "ch-gva-2", "ipFilter": ["192.0.2.0/24"]}
VOLUME = "ch-gva-2/5ae1a5a2-4c8b-4e0e-8b9f-0d8f1c1f2a3b"


def declare(**settings: Any) -> tuple[Engine, dict[str, Any]]:
    """What a database with these settings declares, and the variable that the app gets."""

    def program() -> Any:
        database = DatabaseArgs.model_validate(settings)
        return Database("web", database, namespace="test", clients=CLIENTS).variable

    return run(program)


def decoded(secret: dict[str, Any]) -> dict[str, str]:
    assert is_rpc_secret(secret["data"])
    values = unwrap_rpc_secret(secret["data"])
    return {key: base64.b64decode(value).decode() for key, value in values.items()}


def stateful_set(**settings: Any) -> dict[str, Any]:
    spec: dict[str, Any] = declare(**settings)[0].of_type("StatefulSet")["web-db"]["spec"]
    return spec


def test_the_app_gets_the_url_from_a_secret() -> None:
    engine, variable = declare()
    assert variable == {
        "name": "DATABASE_URL",
        "value_from": {"secret_key_ref": {"name": "web-db", "key": "url"}},
    }
    values = decoded(engine.of_type("Secret")["web-db"])
    assert len(values["password"]) >= 40
    assert values["url"] == f"postgresql://app:{values['password']}@web-db:5432/app"
    service = engine.of_type("Service")["web-db"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == stateful_set()["selector"]["matchLabels"]


def claim(engine: Engine) -> dict[str, Any]:
    spec: dict[str, Any] = engine.of_type("PersistentVolumeClaim")["web-db"]["spec"]
    return spec


@pytest.mark.parametrize(
    ("settings", "storage_class"),
    [
        ({}, "exoscale-bs-retain"),
        ({"keepData": False}, "exoscale-sbs"),
        ({"storageClass": "mine"}, "mine"),
    ],
)
def test_the_data_is_kept_unless_told_otherwise(
    settings: dict[str, Any], storage_class: str
) -> None:
    assert claim(declare(**settings)[0])["storageClassName"] == storage_class


def test_the_pod_has_the_claim() -> None:
    engine, _ = declare(storage="20Gi")
    assert claim(engine)["resources"] == {"requests": {"storage": "20Gi"}}
    pod = engine.of_type("StatefulSet")["web-db"]["spec"]["template"]["spec"]
    assert pod["volumes"][0]["persistentVolumeClaim"] == {"claimName": "web-db"}
    (mount,) = (m for m in pod["containers"][0]["volumeMounts"] if m["name"] == "data")
    (folder,) = (v for v in pod["containers"][0]["env"] if v["name"] == "PGDATA")
    assert folder["value"].startswith(mount["mountPath"] + "/")


@pytest.mark.parametrize(
    ("image", "version", "mount"),
    [
        ("postgres:17.11", None, "/var/lib/postgresql/data"),
        ("postgres:18.5", None, "/var/lib/postgresql"),
        (f"registry.example.com:18/pg@sha256:{'0' * 64}", "17", "/var/lib/postgresql/data"),
        ("registry.example.com/pg:latest", "18", "/var/lib/postgresql"),
    ],
)
def test_the_volume_is_where_the_image_has_one(image: str, version: str, mount: str) -> None:
    pod = stateful_set(image=image, version=version)["template"]["spec"]
    (container,) = pod["containers"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert mounts["data"] == mount
    assert {"name": "PGDATA", "value": f"{mount}/pgdata"} in container["env"]


def test_parallel_queries_have_memory_to_share() -> None:
    pod = stateful_set(resources={"limits": {"memory": "2Gi"}})["template"]["spec"]
    volume = {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}}
    assert volume in pod["volumes"]
    (container,) = pod["containers"]
    assert {"name": "shm", "mountPath": "/dev/shm"} in container["volumeMounts"]
    unlimited = stateful_set(resources={})["template"]["spec"]["volumes"]
    assert {"name": "shm", "emptyDir": {"medium": "Memory"}} in unlimited


def test_a_volume_that_is_there_is_taken_for_the_claim() -> None:
    engine, _ = declare(volume=VOLUME)
    spec = engine.of_type("PersistentVolume")["web-db"]["spec"]
    assert claim(engine)["volumeName"] == "web-db"
    assert spec["csi"]["volumeHandle"] == VOLUME
    assert spec["storageClassName"] == claim(engine)["storageClassName"]
    assert spec["persistentVolumeReclaimPolicy"] == "Retain"
    assert not declare()[0].of_type("PersistentVolume")


def test_only_pods_of_the_app_reach_it_and_it_reaches_nobody() -> None:
    engine, _ = declare_app(
        database={"backup": BACKUP},
        beforeRollout={"command": ["migrate"]},
        selector={"app": "old"},
    )
    policy = engine.of_type("NetworkPolicy")["rickroller-db"]["spec"]
    (rule,) = policy["ingress"]
    allowed = [peer["podSelector"]["matchLabels"] for peer in rule["from"]]
    backup = engine.of_type("CronJob")["rickroller-db"]["spec"]["jobTemplate"]["spec"]
    (job,) = engine.of_type("Job").values()
    for pods in (engine.of_type("Deployment")["rickroller"]["spec"], backup, job["spec"]):
        labels = pods["template"]["metadata"]["labels"]
        assert any(peer.items() <= labels.items() for peer in allowed)
    assert all(peer and not {"namespaceSelector", "ipBlock"} & peer.keys() for peer in rule["from"])
    assert allowed == [{"app": "old"}, {"app.kubernetes.io/instance": "rickroller"}]
    assert rule["ports"] == [{"port": 5432}]
    database = engine.of_type("StatefulSet")["rickroller-db"]["spec"]
    assert policy["podSelector"] == database["selector"]
    assert (policy["policyTypes"], "egress" in policy) == (["Ingress", "Egress"], False)


def test_a_backup_reaches_the_database_and_the_internet() -> None:
    engine, _ = declare(backup=BACKUP)
    policy = engine.of_type("NetworkPolicy")["web-db-backup"]["spec"]
    pods = engine.of_type("CronJob")["web-db"]["spec"]["jobTemplate"]["spec"]["template"]
    assert policy["podSelector"]["matchLabels"].items() <= pods["metadata"]["labels"].items()
    assert (policy["policyTypes"], "ingress" in policy) == (["Ingress", "Egress"], False)
    _, internet, database = policy["egress"]
    assert internet["to"][0]["ipBlock"]["cidr"] == "0.0.0.0/0"
    own = engine.of_type("NetworkPolicy")["web-db"]["spec"]["podSelector"]
    assert database["to"] == [{"podSelector": own}]


def test_a_backup_dumps_then_uploads() -> None:
    engine, _ = declare(backup=BACKUP, image="postgres:17.7")
    spec = engine.of_type("CronJob")["web-db"]["spec"]
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    (wait, dump), (upload,) = pod["initContainers"], pod["containers"]
    assert wait["image"] == dump["image"]
    assert wait["env"] == dump["env"]
    assert (spec["schedule"], dump["image"]) == ("0 3 * * *", "postgres:17.7")
    assert dump["env"][0]["valueFrom"]["secretKeyRef"] == {"name": "web-db", "key": "url"}
    values = {item["name"]: item.get("value") for item in upload["env"]}
    assert values["RCLONE_CONFIG_SOS_ENDPOINT"] == "https://sos-de-fra-1.exo.io"
    assert (values["TARGET"], values["KEEP"]) == ("sos:dumps/web-db", "30d")
    keys = engine.of_type("Secret")["web-db-backup"]["stringData"]
    assert is_rpc_secret(keys)
    assert unwrap_rpc_secret(keys) == {"accessKey": "EXOkey", "secretKey": "hidden"}


@pytest.mark.parametrize(("database", "waits"), [({}, ["wait-for-database"]), (DBAAS, [])])
def test_a_job_waits_for_a_database_on_the_cluster(
    database: dict[str, Any], waits: list[str]
) -> None:
    """With the Job's own resources and rights, so that quotas and Pod Security take it too."""
    job = {"command": ["migrate"], "resources": {"limits": {"memory": "96Mi"}}}
    engine, _ = declare_app(database=database, beforeRollout=job)
    pod = engine.of_type("Job")["rickroller-before-rollout"]["spec"]["template"]["spec"]
    (worker,) = pod["containers"]
    same = ("resources", "securityContext")
    assert [each["name"] for each in pod.get("initContainers", [])] == waits
    for each in pod.get("initContainers", []):
        assert [each[key] for key in same] == [worker[key] for key in same]


@pytest.mark.parametrize(("seconds", "refusals", "status"), [(5, 2, 0), (1, 99, 124)])
def test_waiting_ends_with_the_first_answer_or_at_the_deadline(
    seconds: int, refusals: int, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_isready"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\ntest $(wc -l < {tmp_path}/asked) -gt {refusals}'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("URL", "postgresql://app:hidden@web-db:5432/app")
    command = WAIT.replace(str(DEADLINE_SECONDS), str(seconds)).replace("sleep 1", "sleep 0.1")
    assert subprocess.run(["sh", "-c", command]).returncode == status
    asked = set((tmp_path / "asked").read_text().splitlines())
    assert asked == {"--dbname=postgresql://app:hidden@web-db:5432/app"}


def test_the_managed_one_is_exoscales() -> None:
    engine, variable = declare(**DBAAS)
    service = engine.of_type("Dbaas")["web-db"]
    assert service == {
        "name": "webapp-test-web-db",
        "type": "pg",
        "zone": "ch-gva-2",
        "plan": "startup-4",
        "terminationProtection": True,
        "pg": {"version": "17", "ipFilters": ["192.0.2.0/24"], "backupSchedule": "03:00"},
    }
    assert variable["value_from"]["secret_key_ref"] == {"name": "web-db-uri", "key": "url"}
    assert decoded(engine.of_type("Secret")["web-db-uri"]) == {
        "url": "postgresql://admin:hidden@db.example.com:21699/defaultdb?sslmode=require"
    }
    assert not engine.of_type("StatefulSet")
    ended = declare(**DBAAS, keepData=False)[0].of_type("Dbaas")["web-db"]
    assert ended["terminationProtection"] is False


def test_a_managed_one_is_not_asked_for_another_major_version() -> None:
    def change(running: str, wanted: str) -> None:
        check_version(
            pulumi.ResourceHookArgs(
                urn="urn",
                id="id",
                name="web-db",
                type="type",
                new_inputs={"pg": {"version": wanted}},
                old_outputs={"pg": {"version": running}},
            )
        )

    change("18", "18")
    with pytest.raises(RefusedUpdate, match=r"web-db: database\.version: 18: it runs 17: change"):
        change("17", "18")


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"kind": "mysql"}, "kind: \"mysql\": must be one of 'postgresql' or 'dbaas'"),
        ({"plan": "startup-4"}, 'plan: "startup-4": is not a key of kind postgresql'),
        (DBAAS | {"storage": "1Gi"}, 'storage: "1Gi": is not a key of kind dbaas'),
        (
            DBAAS | {"backupSchedule": "24:00"},
            'backupSchedule: "24:00": must be a time of day in quotes, HH:MM in UTC, such as 03:00',
        ),
        ({"backupSchedule": "04:00"}, 'backupSchedule: "04:00": is not a key of kind postgresql'),
        (DBAAS | {"zone": None}, "zone: null: is required with kind dbaas"),
        (DBAAS | {"ipFilter": []}, "ipFilter: []: must have 1 or more items"),
        (
            {"image": "example/pg:latest"},
            "version: null: is required: the tag of example/pg:latest does not begin with a major",
        ),
        (
            {"image": "postgres:18.5", "version": "17"},
            'version: "17": must be that of the image\'s tag, 18',
        ),
        ({"storage": "10"}, 'storage: "10": must be bytes with their unit, such as 256Mi or 1Gi'),
        (
            {"storage": "10G"},
            'storage: "10G": must be whole GiB, from 1Gi to 10000Gi, which Exoscale',
        ),
        (
            {"storage": "512Mi", "storageClass": "exoscale-sbs"},
            'storage: "512Mi": must be whole GiB',
        ),
        ({"storage": "10Ti"}, 'storage: "10Ti": must be whole GiB, from 1Gi to 10000Gi'),
        ({"volume": "abc"}, 'volume: "abc": must be ZONE/ID of a block storage volume, or kept'),
        (
            {"volume": "kept", "keepData": False},
            'volume: "kept": must be ZONE/ID if the volume is not kept',
        ),
        (
            {"backup": BACKUP | {"schedule": "daily"}},
            'backup.schedule: "daily": must be a schedule in cron',
        ),
        ({"backup": BACKUP | {"keepDays": 0}}, "backup.keepDays: 0: must be 1 or more"),
    ],
)
def test_a_mistake_names_key_value_and_what_is_allowed(settings: dict[str, Any], line: str) -> None:
    (found,) = told(settings)
    assert found.startswith(line)


@pytest.mark.parametrize(
    "settings",
    [{"storage": "10240Mi"}, {"storage": "1Ti"}, {"storage": "10G", "storageClass": "mine"}],
)
def test_sizes_that_the_storage_has(settings: dict[str, Any]) -> None:
    assert told(settings) == []


def told(settings: dict[str, Any]) -> list[str]:
    """A line for each mistake."""
    try:
        DatabaseArgs.model_validate(settings)
    except ValidationError as error:
        return problem_lines(error, DatabaseArgs)
    return []


def test_the_app_gets_the_variable_beside_its_others() -> None:
    engine, _ = declare_app(database={"variable": "DB"})
    (container,) = engine.of_type("Deployment")["rickroller"]["spec"]["template"]["spec"][
        "containers"
    ]
    (variable,) = (item for item in container["env"] if item["name"] == "DB")
    assert variable["valueFrom"]["secretKeyRef"] == {"name": "rickroller-db", "key": "url"}
    assert not declare_app()[0].of_type("StatefulSet")


@pytest.mark.parametrize(
    ("database", "line"),
    [
        ({}, 'apps[0].database.storage: "10Gi": needs a storage class: set cluster.csi to true'),
        (
            {"kind": "dbaas", "zone": "ch-gva-2", "variable": "KEY"},
            'apps[0].database.variable: "KEY": must be in one of environment, valueFrom,',
        ),
    ],
)
def test_a_mistake_beside_other_keys(database: dict[str, Any], line: str) -> None:
    values = changed("apps[0].database", database)
    values["apps"][0]["environment"] = {"KEY": "x"}
    assert [found for found in mistakes(values) if found.startswith(line)]


def test_a_managed_one_takes_connections_from_the_nodes() -> None:
    values = changed("apps[0].database", {"kind": "dbaas", "zone": "de-fra-1"})
    values["apps"][0]["name"] = "web"
    engine, _ = run(lambda: declare_stack(load(values)))
    networks = ["192.0.2.6/32", "192.0.2.7/32", "192.0.2.8/32"]
    assert engine.of_type("Dbaas")["web-db"]["pg"]["ipFilters"] == networks
    del values["cluster"]
    values["existingCluster"] = {"kubeconfig": "{}"}
    assert [found for found in mistakes(values) if "database" in found] == [
        "apps[0].database.ipFilter: null: is required if the stack does not create the cluster"
    ]


def test_a_preview_does_not_know_the_addresses_of_nodes_to_come() -> None:
    values = changed("apps[0].database", {"kind": "dbaas", "zone": "de-fra-1"})
    engine, _ = run(lambda: declare_stack(load(values)), preview=True)
    (database,) = engine.of_type("Dbaas").values()
    assert len(database["pg"]["ipFilters"]) == 3
    values["cluster"]["nodepools"][0]["size"] = 3
    engine, _ = run(lambda: declare_stack(load(values)), preview=True)
    (database,) = engine.of_type("Dbaas").values()
    assert "ipFilters" not in database["pg"]


def test_a_long_name_leaves_no_room_for_the_databases() -> None:
    values = changed("apps[0].database", {"storageClass": "local-path"})
    values["apps"][0]["name"] = "a" * 49
    load(values)
    values["apps"][0]["name"] = "a" * 50
    assert mistakes(values) == [
        f'apps[0].name: "{"a" * 50}": must have 49 characters at most, with a database'
    ]


def test_a_key_in_clear_is_named_and_not_told() -> None:
    values = changed("apps[0].database", {"backup": BACKUP})
    values["cluster"] |= {"csi": True}
    (line,) = mistakes(values)
    assert "--path 'apps[0].database.backup.secretKey'" in line
    assert BACKUP["secretKey"] not in line
    assert load(values, secret={"apps"}).apps[0].database
