"""Volumes on nodes that run containers: a database's rows and uploaded files outlive their pods."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.images.images import LOCAL, RCLONE, postgresql_version
from sandbox.sks.layout import VOLUMES
from sandbox.sks.storage import CSI_DRIVER
from tests.e2e.real_nodes import DEMO, MARKS, UP_SECONDS, kube_of, new_stack, real_nodes
from tests.support.account import Sandbox
from tests.support.documents import ROOT, commands_under
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.s3_server import ZONE, S3Server, s3_server
from tests.support.stack import APP, CLUSTER, Stack
from tools.backups.backup import main as make_backup
from tools.backups.restore import main as make_restore

pytestmark = MARKS

NAMESPACE = "test"
DATABASE = f"{APP['name']}-db"
POD = f"{DATABASE}-0"
IMAGE = f"{LOCAL}/postgresql:{postgresql_version()}"
MIGRATION = (
    """psql "$DATABASE_URL" -c 'CREATE TABLE songs (title text); CREATE TABLE jobs (taker text)'"""
)
JOBS: dict[str, Any] = {
    "workers": [
        {
            "name": "mail",
            "image": IMAGE,
            "command": ["sh", "-c"],
            "args": [
                """while sleep 1; do psql "$DATABASE_URL" --quiet \\
                --command="UPDATE jobs SET taker = '$HOSTNAME' WHERE taker = 'nobody'"; done"""
            ],
            "rollout": {"terminationGracePeriodSeconds": 1, "drainSeconds": 0},
        }
    ],
    "schedules": [
        {
            "name": "order",
            "schedule": "* * * * *",
            "image": IMAGE,
            "command": ["psql", "$(DATABASE_URL)", "--command=INSERT INTO jobs VALUES ('nobody')"],
        }
    ],
}
"""A schedule that puts jobs into the database, and a worker that takes them."""
S3_ADDRESS = "203.0.113.200"
"""A public address that the machine has while the sandbox runs: backups may go to no others."""
WRITER = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: notes}
spec:
  storageClassName: exoscale-sbs
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: Pod
metadata: {name: writer}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: writer
    image: busybox:1.35
    command: [sh, -c, "echo kept > /data/note; exec sleep 3600"]
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: notes}}]
"""
CLIENT = f"""
apiVersion: v1
kind: Pod
metadata: {{name: client}}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {{runAsNonRoot: true, runAsUser: 999, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
  - name: client
    image: {IMAGE}
    command: [sleep, infinity]
    securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
"""
FILES: dict[str, Any] = {
    "name": "files",
    "image": "busybox:1.35",
    "command": ["sleep", "infinity"],
    "probes": {kind: {"type": "none"} for kind in ("startup", "readiness", "liveness")},
    "rollout": {"drainSeconds": 0, "terminationGracePeriodSeconds": 1},
    "volumes": [{"name": "uploads", "size": "1Gi"}],
    "mounts": [{"volume": "uploads", "path": "/uploads"}],
}
"""An application with a persistent volume."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    home = tmp_path_factory.mktemp("database") / "home"
    Sandbox(home).run("tools", "--snapshots", timeout=UP_SECONDS)
    with real_nodes(home) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def s3(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server that pods reach."""
    with s3_server(tmp_path_factory.mktemp("s3") / "server", S3_ADDRESS) as server:
        yield server


def settings(s3: S3Server) -> dict[str, Any]:
    """A stack with the demo and its database."""
    database = {
        "image": IMAGE,
        "storage": "1Gi",
        "backup": {
            "zone": ZONE,
            "bucket": s3.bucket,
            "accessKey": s3.access_key,
            "image": RCLONE,
        },
    }
    demo = {
        "name": APP["name"],
        "namespace": NAMESPACE,
        "image": DEMO,
        "beforeRollout": {"image": IMAGE, "command": ["sh", "-c", MIGRATION]},
        **JOBS,
    }
    return {"cluster": {**CLUSTER, "csi": True}, "apps": [{**demo, "database": database}, FILES]}


@pytest.fixture(scope="module")
def stack(sandbox: Sandbox, s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    stack = new_stack("database", tmp_path_factory.mktemp("database"), sandbox, settings(s3))
    secret_key = "apps[0].database.backup.secretKey"
    stack("config", "set", "--secret", "--path", secret_key, s3.secret_key)
    stack.up()
    return stack


@pytest.fixture(scope="module")
def kube(stack: Stack, sandbox: Sandbox) -> Kube:
    """The stack's cluster. The application's Job has made a table of songs in the database."""
    kube = kube_of(stack, sandbox)
    sql(kube, "INSERT INTO songs VALUES ('Never Gonna')")
    return kube


def kubectl(kube: Kube, *arguments: str, stdin: str | None = None) -> str:
    return kube.run("kubectl", "-n", NAMESPACE, *arguments, stdin=stdin)


def sql(kube: Kube, statements: str) -> str:
    """What the database answers, a row a line."""
    psql = ("psql", "-U", "app", "-d", "app", "--tuples-only", "--no-align", "--quiet")
    return kubectl(kube, "exec", "-i", POD, "--", *psql, stdin=statements).strip()


def replaced(kube: Kube) -> str:
    """Delete the database's pod; return the node of the one that follows, once it is ready."""
    kubectl(kube, "delete", "pod", POD)
    kubectl(kube, "wait", "pod", POD, "--for=create", "--timeout=50s")
    kubectl(kube, "wait", "pod", POD, "--for=condition=Ready", "--timeout=50s")
    return str(kube.get("pod", POD, NAMESPACE)["spec"]["nodeName"])


def reaches_the_database(kube: Kube, namespace: str) -> bool:
    """Whether the pod `client` there does."""
    ready = f"pg_isready --host={DATABASE}.{NAMESPACE} --timeout=3 >&2 && echo yes || echo no"
    return "yes" in kube.run("kubectl", "-n", namespace, "exec", "client", "--", "sh", "-c", ready)


def test_the_applications_pods_reach_it_and_others_do_not(kube: Kube) -> None:
    """Its Jobs are known by a label, which counts in its namespace alone."""
    label, none = f"app.kubernetes.io/instance={APP['name']}", "app.kubernetes.io/instance-"
    client = ("pod", "client")
    for namespace in (NAMESPACE, "default"):
        of_it = ("kubectl", "-n", namespace)
        kube.run(*of_it, "apply", "-f", "-", stdin=CLIENT)
        kube.run(*of_it, "wait", *client, "--for=condition=Ready", "--timeout=50s")
        assert not reaches_the_database(kube, namespace)
        kube.run(*of_it, "label", *client, label)

    eventually(lambda: reaches_the_database(kube, NAMESPACE))
    assert not reaches_the_database(kube, "default")
    kubectl(kube, "label", *client, none)
    eventually(lambda: not reaches_the_database(kube, NAMESPACE))
    for namespace in (NAMESPACE, "default"):
        kube.run("kubectl", "-n", namespace, "delete", *client)


def test_a_worker_takes_what_a_schedule_puts_into_the_database(kube: Kube) -> None:
    def worker() -> str:
        return sql(kube, "SELECT taker FROM jobs WHERE taker != 'nobody' LIMIT 1")

    def finished() -> set[str]:
        return {
            each["metadata"]["ownerReferences"][0]["name"]
            for each in kube.list("jobs", NAMESPACE)
            if each["status"].get("succeeded") and "ownerReferences" in each["metadata"]
        }

    eventually(lambda: worker().startswith(f"{APP['name']}-mail-"), within=120)
    eventually(lambda: f"{APP['name']}-order" in finished())


def test_rows_outlive_a_pod_and_move_to_another_node(kube: Kube) -> None:
    node = replaced(kube)
    assert sql(kube, "SELECT title FROM songs") == "Never Gonna"

    kubectl(kube, "cordon", node)
    assert replaced(kube) != node
    assert sql(kube, "SELECT title FROM songs") == "Never Gonna"
    kubectl(kube, "uncordon", node)


def in_its_pod(kube: Kube, command: str) -> str:
    """What a command prints in the pod of the application with files."""
    shell = ("kubectl", "-n", "files", "exec", "deploy/files", "--", "sh", "-c", command)
    return kube.run(*shell)


def test_an_upload_outlives_a_rollout_and_moves_to_another_node(stack: Stack, kube: Kube) -> None:
    def its_pod() -> tuple[str, str]:
        (pod,) = kube.list("pods", "files")
        return pod["metadata"]["name"], pod["spec"]["nodeName"]

    pod, node = its_pod()
    in_its_pod(kube, "echo picture > /uploads/1")
    kube.run("kubectl", "cordon", node)
    stack.set("apps[1].environment.COLOR", "red")
    stack.up()
    kube.run("kubectl", "uncordon", node)
    other_pod, other_node = its_pod()
    assert other_pod != pod
    assert other_node != node
    assert in_its_pod(kube, "cat /uploads/1; echo $COLOR").split() == ["picture", "red"]


def test_an_upload_comes_back_from_a_backup(
    stack: Stack, kube: Kube, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    in_its_pod(kube, "echo drawing > /uploads/2")
    assert make_backup([f"--stack={stack.name}", "--app=files"], stack.folder) == 0
    in_its_pod(kube, "rm /uploads/2")

    (made,) = kube.names("volumesnapshots", "files")
    assert make_restore([f"--stack={stack.name}", f"--backup={made}"], stack.folder) == 0
    (handle,) = re.findall(r"^  volume: (\S+)$", capsys.readouterr().out, re.MULTILINE)
    stack.set("apps[1].volumes[0].volume", handle)
    stack.set("apps[1].volumes[0].allowDataLoss", "true")
    stack.up()
    assert in_its_pod(kube, "cat /uploads/2") == "drawing\n"


def test_rows_outlive_the_sandbox_being_down(sandbox: Sandbox, kube: Kube) -> None:
    sandbox.run("down")
    sandbox.run("up")
    eventually(lambda: "Never Gonna" in rows(kube), within=120)


def rows(kube: Kube) -> list[str]:
    """The titles of songs; none while the database can't be asked."""
    try:
        return sql(kube, "SELECT title FROM songs").splitlines()
    except AssertionError:
        return []


def test_a_volume_is_as_exoscales_and_ends_with_its_claim(sandbox: Sandbox, kube: Kube) -> None:
    kube.run("kubectl", "apply", "-f", "-", stdin=WRITER)
    kube.run("kubectl", "wait", "pod", "writer", "--for=condition=Ready", "--timeout=50s")
    (volume,) = [
        each
        for each in kube.list("persistentvolumes")
        if each["spec"]["storageClassName"] == "exoscale-sbs"
    ]
    note = sandbox.home / VOLUMES / volume["spec"]["csi"]["volumeHandle"] / "note"
    assert volume["spec"]["csi"]["driver"] == CSI_DRIVER
    assert note.read_text() == "kept\n"

    kube.run("kubectl", "delete", "pod", "writer")
    assert note.exists()
    kube.run("kubectl", "delete", "persistentvolumeclaim", "notes")
    eventually(lambda: not note.parent.exists())
    eventually(lambda: volume["metadata"]["name"] not in kube.names("persistentvolumes"))


def test_a_backup_brings_rows_back(kube: Kube, s3: S3Server, tmp_path: Path) -> None:
    """By the documented commands. The CronJob's own but for the address: Exoscale's is another."""
    text = commands_under(ROOT / "docs" / "databases.md", "Back up and restore")
    text = text.replace("NAMESPACE", NAMESPACE).replace("APP-db", DATABASE)
    backup, restore = text.splitlines()
    endpoint = f"RCLONE_CONFIG_SOS_ENDPOINT={s3.endpoint}"
    kubectl(kube, "set", "env", f"cronjob/{DATABASE}", "--containers=upload", endpoint)

    kube.run("sh", "-c", backup)
    kubectl(kube, "wait", "job", "now", "--for=condition=Complete", "--timeout=50s")
    ((key, dump),) = s3.objects().items()
    assert re.fullmatch(rf"{DATABASE}/\d{{8}}T\d{{6}}Z\.dump", key)

    sql(kube, "DELETE FROM songs")
    assert sql(kube, "SELECT title FROM songs") == ""
    file = tmp_path / Path(key).name
    file.write_bytes(dump)
    kube.run("sh", "-c", re.sub(r"\S+\.dump", str(file), restore))
    assert sql(kube, "SELECT title FROM songs") == "Never Gonna"


def test_a_kept_volume_has_its_rows_in_a_new_database(stack: Stack, kube: Kube) -> None:
    """By the documented command: the database that follows has another password."""
    claimed = volume(kube)
    stack.set("apps[0].database.allowDataLoss", "true")
    stack.up()
    for setting in ("beforeRollout", "database"):
        stack("config", "rm", "--path", f"apps[0].{setting}")
    stack.up()
    assert not kube.names("pods", NAMESPACE) & {POD}
    assert not kube.list("persistentvolumeclaims", NAMESPACE)

    handle = claimed["spec"]["csi"]["volumeHandle"]
    for setting, value in {"image": IMAGE, "storage": "1Gi", "volume": f"{ZONE}/{handle}"}.items():
        stack.set(f"apps[0].database.{setting}", value)
    stack.up()
    assert volume(kube)["metadata"]["name"] != claimed["metadata"]["name"]
    assert sql(kube, "SELECT title FROM songs") == "Never Gonna"

    assert not logs_in(kube)
    text = commands_under(ROOT / "docs" / "databases.md", "Keep and reuse a volume")
    kube.run("sh", "-c", text.replace("NAMESPACE", NAMESPACE).replace("APP-db", DATABASE))
    assert logs_in(kube)


def volume(kube: Kube) -> dict[str, Any]:
    """The database's."""
    (claim,) = kube.list("persistentvolumeclaims", NAMESPACE)
    return kube.get("persistentvolume", claim["spec"]["volumeName"])


def logs_in(kube: Kube) -> bool:
    """Whether the database takes the password that the stack made for it, by TCP."""
    command = 'PGPASSWORD="$POSTGRES_PASSWORD" psql -h "$(hostname -i)" -U app -d app -c "SELECT 1"'
    shell = f"{command} >&2 && echo yes || echo no"
    return "yes" in kubectl(kube, "exec", POD, "--", "sh", "-c", shell)
