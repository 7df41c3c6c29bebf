"""A stack whose applications use every setting between them, deployed on a cluster that is there.

Its databases have real claims; when an application goes, so does its data or not, as was told.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.paths import write_private
from tests.program.manifests import RICH_STACK
from tests.support.account import Sandbox
from tests.support.kube import Kube
from tests.support.polling import eventually
from tests.support.stack import TUTORIAL, Stack, Step, copy_project

pytestmark = pytest.mark.integration

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


@pytest.fixture(scope="module")
def kube(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Kube:
    """A cluster with load balancers and volumes."""
    cluster = sandbox.create_cluster(
        "rich",
        size=2,
        addons=["exoscale-cloud-controller", "exoscale-container-storage-interface"],
    )
    file = tmp_path_factory.mktemp("rich") / "kubeconfig"
    write_private(file, sandbox.kubeconfig(cluster))
    return Kube(file, sandbox.environment)


@pytest.fixture(scope="module")
def settings(kube: Kube) -> dict[str, Any]:
    cluster = {"kubeconfig": str(kube.kubeconfig)}
    settings = copy.deepcopy(RICH_STACK)
    settings["ingress"] |= TUTORIAL["ingress"]
    return {**settings, "existingCluster": cluster}


@pytest.fixture(scope="module")
def stack(
    sandbox: Sandbox, settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    stack = Stack("rich", copy_project(tmp_path_factory.mktemp("rich")), sandbox.environment)
    stack("stack", "init")
    stack.configure(settings)
    for place in (
        "apps[0].database.backup.secretKey",
        "apps[0].pullSecret.password",
        "apps[0].secrets.environment.TOKEN",
        'apps[0].secrets.files["/etc/shop/token"]',
    ):
        stack("config", "set", "--secret", "--path", place, "hidden")
    stack.up()
    yield stack
    stack("destroy", "--yes", "--skip-preview")
    stack("stack", "rm", "--yes")


def claim_of(kube: Kube, app: str) -> dict[str, Any]:
    """The claim of the database's pod."""
    pod = kube.get("pod", f"{app}-db-0", f"rich-{app}")
    (name,) = (
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    )
    claim = kube.get("pvc", name, f"rich-{app}")
    assert claim["status"]["phase"] == "Bound"
    return claim


def volume_of(kube: Kube, app: str) -> dict[str, Any]:
    return kube.get("pv", claim_of(kube, app)["spec"]["volumeName"])


def test_nothing_more_is_to_be_done(stack: Stack) -> None:
    stack("preview", "--expect-no-changes")
    stack("refresh", "--yes", "--expect-no-changes")


def test_a_namespace_says_whose_it_is(stack: Stack, kube: Kube) -> None:
    for name in ("ingress-nginx", "rich-api", "rich-blog", "rich-shop"):
        labels = kube.get("namespace", name)["metadata"]["labels"]
        assert (labels["owner"], labels["environment"]) == ("shop-team", "rich")


def test_the_app_has_the_url_of_its_database(stack: Stack, kube: Kube) -> None:
    assert kube.get("statefulset", "shop-db", "rich-shop")["status"]["readyReplicas"] == 1
    deployment = kube.get("deployment", "shop", "rich-shop")
    variables = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    (source,) = (
        item["valueFrom"]["secretKeyRef"] for item in variables if item["name"] == "DATABASE_URL"
    )
    secret = kube.get("secret", source["name"], "rich-shop")
    url = base64.b64decode(secret["data"][source["key"]]).decode()
    password = base64.b64decode(secret["data"]["password"]).decode()
    assert url == f"postgresql://app:{password}@shop-db:5432/app"
    assert password not in stack("stack", "export")
    assert not [text for text in stack.transcript if password in text]


def test_a_backup_runs(stack: Stack, kube: Kube) -> None:
    kube.run("kubectl", "create", "job", "now", "--from=cronjob/shop-db", "-n", "rich-shop")
    kube.run(
        *("kubectl", "wait", "job/now", "-n", "rich-shop"),
        *("--for=condition=Complete", "--timeout=30s"),
    )


def test_other_keys_of_a_backup_leave_its_cron_job(stack: Stack, kube: Kube) -> None:
    before = kube.get("cronjob", "shop-db", "rich-shop")
    stack.set("apps[0].database.backup.accessKey", "EXOother")
    shown = {(step.operation, step.kind.rpartition(":")[2]) for step in stack.preview()}
    assert shown == {("replace", "Secret"), ("update", "CronJob")}
    stack.up()
    now = kube.get("cronjob", "shop-db", "rich-shop")
    assert now["metadata"]["uid"] == before["metadata"]["uid"]
    pod = now["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (key,) = (
        each["valueFrom"]["secretKeyRef"]
        for each in pod["containers"][0]["env"]
        if each["name"] == "RCLONE_CONFIG_SOS_ACCESS_KEY_ID"
    )
    secret = kube.get("secret", key["name"], "rich-shop")
    assert base64.b64decode(secret["data"][key["key"]]) == b"EXOother"


def test_a_volume_that_is_there_is_used(stack: Stack, kube: Kube, settings: dict[str, Any]) -> None:
    (blog,) = (app for app in settings["apps"] if app["name"] == "blog")
    assert volume_of(kube, "blog")["spec"]["csi"]["volumeHandle"] == blog["database"]["volume"]


def test_a_managed_database_is_there(stack: Stack, kube: Kube, sandbox: Sandbox) -> None:
    service = managed(sandbox)
    assert (service["plan"], service["ip-filter"]) == ("startup-4", ["192.0.2.0/24"])
    assert service["termination-protection"]
    (secret,) = (each for each in kube.list("secrets", "rich-api") if "url" in each["data"])
    url = base64.b64decode(secret["data"]["url"]).decode()
    assert url.startswith("postgresql://avnadmin:")


def managed(sandbox: Sandbox) -> dict[str, Any]:
    """The managed database."""
    return dict(sandbox.client.get_dbaas_service_pg(name="webapp-rich-api-db"))


def test_a_volume_grows_in_place_and_a_managed_database_is_let_go(
    stack: Stack, kube: Kube, sandbox: Sandbox
) -> None:
    before = claim_of(kube, "shop")
    assert before["status"]["capacity"] == {"storage": "2Gi"}
    stack.set("apps[0].database.storage", "3Gi")
    stack.set("apps[2].database.keepData", "false")
    grown = {"spec.resources.requests.storage": "update"}
    assert Step("update", CLAIM, "shop-db", grown) in stack.preview()
    told = "rich-shop/shop-db: database.storage: 2Gi to 3Gi: the database is stopped until its"
    assert told in stack("preview")
    stack.up()
    volume = kube.get("persistentvolume", before["spec"]["volumeName"])
    assert volume["spec"]["capacity"] == {"storage": "3Gi"}
    eventually(lambda: claim_of(kube, "shop")["status"]["capacity"] == {"storage": "3Gi"})
    assert kube.get("statefulset", "shop-db", "rich-shop")["status"]["readyReplicas"] == 1
    assert claim_of(kube, "shop")["metadata"]["uid"] == before["metadata"]["uid"]
    assert not managed(sandbox)["termination-protection"]


def test_data_is_not_left_behind_unasked(stack: Stack, settings: dict[str, Any]) -> None:
    before = stack.file.read_text()
    stack.set("apps[0].database.image", "postgres:18.5")
    stack.set("apps[0].database.keepData", "false")
    stack.set("apps[1].namespace", "rich-api")
    preview, up = stack.run("preview"), stack.run("up", "--yes", "--skip-preview")
    stack.file.write_text(before)
    for answer in (preview, up):
        assert answer.returncode != 0
        assert "shop: database.version (or image): 18: it can't read the data of" in answer.stdout
        assert "blog: namespace: rich-api: the data is in rich-blog: " in answer.stdout
        assert "shop: database.storageClass (or keepData): exoscale-sbs: " in answer.stdout
        assert "database.allowDataLoss: true" in answer.stdout
    stack("preview", "--expect-no-changes")


def test_a_move_that_fails_leaves_the_old_data(stack: Stack, kube: Kube) -> None:
    """With another image that is missing, an application and its database go back."""
    before, claim = stack.file.read_text(), claim_of(kube, "blog")["metadata"]["uid"]
    for key, value in {
        "namespace": "rich-api",
        "database.allowDataLoss": "true",
        "image": f"registry.invalid/blog:2@sha256:{'0a' * 32}",
        "rollout.progressDeadlineSeconds": "5",
        "rollout.timeoutSeconds": "30",
    }.items():
        stack.set(f"apps[1].{key}", value)
    shown = {
        (step.operation, step.kind.rpartition(":")[2])
        for step in stack.preview()
        if step.name == "blog-db"
    }
    kinds = ("NetworkPolicy", "PersistentVolume", "PersistentVolumeClaim", "Secret", "Service")
    both = {(operation, kind) for operation in ("create", "delete") for kind in kinds}
    assert shown == both | {("replace", "StatefulSet")}
    assert stack.run("up", "--yes", "--skip-preview").returncode != 0
    stack.file.write_text(before)
    stack.up()
    assert claim_of(kube, "blog")["metadata"]["uid"] == claim
    assert "blog-db" not in kube.names("statefulset", "rich-api")
    stack("preview", "--expect-no-changes")


def test_another_major_version_has_a_volume_of_its_own(stack: Stack, kube: Kube) -> None:
    """There, and back by the old settings alone."""
    before, old = stack.file.read_text(), volume_of(kube, "shop")["metadata"]["name"]
    stack.set("apps[0].database.image", "postgres:18.5")
    stack.set("apps[0].database.allowDataLoss", "true")
    assert "it can't read the data of version 17: its data is abandoned" in stack("preview")
    assert Step("replace", CLAIM, "shop-db") in stack.preview()
    stack.up()
    other = volume_of(kube, "shop")["metadata"]["name"]
    stack.file.write_text(before)
    stack.up()
    assert len({old, other, volume_of(kube, "shop")["metadata"]["name"]}) == 3
    assert {old, other} <= kube.names("pv")
    stack("preview", "--expect-no-changes")


def test_data_outlives_its_app(stack: Stack, kube: Kube, settings: dict[str, Any]) -> None:
    volumes = kube.names("pv") - {volume_of(kube, "blog")["metadata"]["name"]}
    for index in (0, 1):
        stack.set(f"apps[{index}].database.allowDataLoss", "true")
    with_the_word = stack.file.read_text()
    others = [app for app in settings["apps"] if app["name"] not in ("shop", "blog")]
    stack.configure({**settings, "apps": others, "namespaces": []})
    without_the_apps, refused = stack.file.read_text(), stack.run("preview")
    assert refused.returncode != 0
    assert "shop: database: it was removed" in refused.stdout
    for text in (with_the_word, without_the_apps):
        stack.file.write_text(text)
        stack.up()
    assert {"rich-shop", "rich-blog"}.isdisjoint(kube.names("namespace"))

    def left() -> bool:
        found = {(each["metadata"]["name"], each["status"]["phase"]) for each in kube.list("pv")}
        return found == {(name, "Released") for name in volumes}

    eventually(left)
