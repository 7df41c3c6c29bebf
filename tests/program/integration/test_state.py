"""A stack's life with its state in a bucket, by the commands of docs/state-and-secrets.md."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from minio.commonconfig import CopySource

from tests.program.integration.state_stack import (
    NAMESPACE,
    PAGE,
    follow,
    refused,
    with_variables,
)
from tests.support.account import Sandbox
from tests.support.documents import fences
from tests.support.kube import Kube
from tests.support.s3_server import S3Server
from tests.support.stack import Stack

pytestmark = pytest.mark.integration

STATE = ".pulumi/stacks/webapp/dev.json"
SERVICE = "urn:pulumi:dev::webapp::webapp:index:WebApp$kubernetes:core/v1:Service::rickroller.test"


@pytest.fixture(scope="module")
def stack(stack_in_bucket: Stack) -> Stack:
    return stack_in_bucket


@pytest.fixture
def kube(sandbox: Sandbox, cluster_kubeconfig: Path) -> Kube:
    return Kube(cluster_kubeconfig, sandbox.environment)


def test_the_server_is_used_as_the_page_says(server: S3Server) -> None:
    (text,) = (each.text for each in fences(PAGE) if "AWS_ACCESS_KEY_ID" in each.text)
    assert set(re.findall(r"(AWS_\w+)=", text)) == set(server.environment)
    (url,) = re.findall(r"PULUMI_BACKEND_URL='(.*)'", text)
    here = url.replace("BUCKET", server.bucket).replace(
        "https://sos-ch-gva-2.exo.io", server.endpoint
    )
    assert here == server.backend_url


def test_secrets_are_encrypted_in_the_bucket(
    stack: Stack, server: S3Server, kube: Kube, cluster_kubeconfig: Path
) -> None:
    (secret,) = kube.list("secrets", NAMESPACE)
    encoded = secret["data"]["APP_SECRET_KEY"]
    key = re.findall(r"client-key-data: (\S+)", cluster_kubeconfig.read_text())[0]
    hidden = [encoded.encode(), base64.b64decode(encoded), key.encode(), base64.b64decode(key)]
    objects = server.objects()
    assert b'"ciphertext"' in objects[STATE]
    assert any(name.startswith(".pulumi/history/webapp/dev/") for name in objects)
    assert not [name for name, data in objects.items() if any(each in data for each in hidden)]
    stack("preview", "--expect-no-changes")


def test_back_to_a_backup(stack: Stack, kube: Kube) -> None:
    assert "UpdateKind: update" in follow(stack, "Back up the state")
    stack.set("apps[0].replicas", "2")
    stack.up()
    assert re.search(r"replicas *: 1 => 2", follow(stack, "Restore a backup"))
    stack.up("--refresh")
    assert kube.get("deployment", "rickroller", NAMESPACE)["status"]["readyReplicas"] == 2
    stack("preview", "--refresh", "--expect-no-changes")


def test_what_was_changed_by_hand_is_undone(stack: Stack, kube: Kube) -> None:
    kube.run("kubectl", "delete", "service", "rickroller", "--namespace", NAMESPACE)
    said = follow(stack, "Reconcile manual changes")
    assert "- 1 to delete" in said
    assert kube.get("service", "rickroller", NAMESPACE)["spec"]["ports"]


def test_what_the_state_has_forgotten_is_taken_over(stack: Stack, kube: Kube) -> None:
    before = kube.get("service", "rickroller", NAMESPACE)["metadata"]["uid"]
    assert SERVICE in follow(stack, "Add or remove a resource")
    assert SERVICE not in {each["urn"] for each in stack.resources()}
    stack.up()
    assert SERVICE in {each["urn"] for each in stack.resources()}
    assert kube.get("service", "rickroller", NAMESPACE)["metadata"]["uid"] == before


@pytest.mark.parametrize(
    ("message", "variables"),
    [
        ("connect: connection refused", {"PULUMI_BACKEND_URL": "http://127.0.0.1:1"}),
        ("no such host", {"PULUMI_BACKEND_URL": "http://sos.invalid"}),
        ("NoSuchBucket", {"PULUMI_BACKEND_URL": "s3://states?"}),
        ("SignatureDoesNotMatch", {"AWS_SECRET_ACCESS_KEY": "another"}),
        ("StatusCode: 403", {"AWS_SECRET_ACCESS_KEY": "another"}),
        (
            "get credentials: failed to refresh cached credentials",
            {"AWS_ACCESS_KEY_ID": None, "AWS_EC2_METADATA_DISABLED": "true"},
        ),
        ("unable to open state directory", {"PULUMI_BACKEND_URL": "file:///nowhere"}),
        ("incorrect passphrase", {"PULUMI_CONFIG_PASSPHRASE": "another"}),
        (
            "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
            {"PULUMI_CONFIG_PASSPHRASE_FILE": None},
        ),
    ],
    ids=lambda each: each[:20] if isinstance(each, str) else "",
)
def test_pulumi_says_what_is_wrong(
    stack: Stack,
    server: S3Server,
    message: str,
    variables: dict[str, str | None],
) -> None:
    """The URL is this server's, but for the part that is wrong."""
    url = variables.get("PULUMI_BACKEND_URL") or ""
    if url.startswith("http"):
        url = server.backend_url.replace(server.endpoint, url)
    elif url.startswith("s3"):
        url = server.backend_url.replace(f"s3://{server.bucket}?", url)
    wrong = with_variables(stack, **variables | ({"PULUMI_BACKEND_URL": url} if url else {}))
    said = refused(wrong, "up", "--yes", "--skip-preview")
    assert message in said
    assert said.count("error: ") == 1
    assert f"`{message}`" in PAGE.read_text()


def test_a_lost_state(stack: Stack, server: S3Server, kube: Kube) -> None:
    """First with what the bucket has kept, then with nothing left."""
    checkpoints = [each for each in server.objects() if each.endswith(".checkpoint.json")]
    server.client.remove_object(server.bucket, STATE)
    message = "no stack named 'dev' found"
    assert message in refused(stack, "up", "--yes", "--skip-preview")
    assert message in PAGE.read_text()
    server.client.copy_object(server.bucket, STATE, CopySource(server.bucket, max(checkpoints)))
    stack("preview", "--expect-no-changes")

    kinds = ("deployment", "service", "networkpolicy")
    before = [kube.get(each, "rickroller", NAMESPACE)["metadata"]["uid"] for each in kinds]
    for name in server.objects():
        server.client.remove_object(server.bucket, name)
    follow(stack, "Recover a lost state")
    after = [kube.get(each, "rickroller", NAMESPACE)["metadata"]["uid"] for each in kinds]
    assert after == before
    assert len(kube.list("secrets", NAMESPACE)) == 2
    stack("preview", "--refresh", "--expect-no-changes")
