"""Another passphrase, key service and backend, by the commands of docs/state-and-secrets.md."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.program.integration.key_server import key_server
from tests.program.integration.state_stack import PAGE, follow, refused, with_variables
from tests.support.s3_server import S3Server
from tests.support.stack import Stack

pytestmark = pytest.mark.integration

WITHOUT_PASSPHRASE = {"PULUMI_CONFIG_PASSPHRASE_FILE": None}
TOKEN = "apps[0].secrets.environment.TOKEN"


@pytest.fixture(scope="module")
def stack(stack_in_bucket: Stack) -> Stack:
    """The stack in a bucket, with a secret among its settings."""
    stack_in_bucket("config", "set", "--path", "--secret", TOKEN, "hush")
    stack_in_bucket.up()
    return stack_in_bucket


def home(stack: Stack) -> Path:
    return Path(stack.environment["HOME"])


def provider(stack: Stack) -> str:
    """The kind of secrets provider that the state is encrypted by."""
    kind: str = json.loads(stack("stack", "export"))["deployment"]["secrets_providers"]["type"]
    return kind


def is_unchanged(stack: Stack) -> bool:
    """Whether all is as it was, in plain text too."""
    stack("preview", "--expect-no-changes")
    return stack("config", "get", "--path", TOKEN).strip() == "hush"


def test_another_passphrase(stack: Stack) -> None:
    old, file = (home(stack) / "passphrase").read_text(), stack.file.read_text()
    follow(stack, "Change the passphrase")
    assert is_unchanged(stack)
    assert stack.file.read_text() != file
    former = with_variables(stack, PULUMI_CONFIG_PASSPHRASE=old.strip())
    assert "incorrect passphrase" in refused(former, "preview")


def test_a_key_management_service_and_back(stack: Stack, tmp_path: Path) -> None:
    with key_server(tmp_path / "keys") as variables:
        served = with_variables(stack, **variables)
        follow(served, "Use a key management service")
        assert provider(stack) == "cloud"
        assert is_unchanged(with_variables(served, **WITHOUT_PASSPHRASE))
        assert "encryptionsalt" not in stack.file.read_text()
        follow(served, "Switch back to a passphrase")
    assert provider(stack) == "passphrase"
    assert is_unchanged(stack)


def test_a_service_that_does_not_answer(stack: Stack, tmp_path: Path) -> None:
    with key_server(tmp_path / "keys") as variables:
        pass
    file = stack.file.read_text()
    command = ("stack", "change-secrets-provider", "hashivault://webapp")
    assert "connection refused" in refused(with_variables(stack, **variables), *command)
    assert stack.file.read_text() == file
    assert is_unchanged(stack)


def test_moving_to_a_folder(stack: Stack) -> None:
    in_folder = with_variables(stack, PULUMI_BACKEND_URL=None)
    assert f"(file://{home(stack)}/state?metadata=skip)" in follow(in_folder, "Local folder")
    follow(stack, "Move to another backend")
    assert is_unchanged(in_folder)
    assert not [*(home(stack) / "state").rglob("*.attrs")]


def test_attributes_that_a_kill_left_empty(stack: Stack) -> None:
    """Pulumi reads them also where it does not write them."""
    message = "failed to load checkpoint: EOF"
    (row,) = (line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{message}`"))
    for query in ("?metadata=skip", ""):
        url = f"file://{home(stack)}/state{query}"
        in_folder = with_variables(stack, PULUMI_BACKEND_URL=url)
        (home(stack) / "state/.pulumi/stacks/webapp/dev.json.attrs").write_text("")
        assert message in refused(in_folder, "preview")
        subprocess.run(row.split("`")[3], shell=True, env=stack.environment, check=True)
        assert is_unchanged(in_folder)


def test_moving_back_to_the_bucket(stack: Stack, server: S3Server) -> None:
    in_folder = with_variables(stack, PULUMI_BACKEND_URL=None)
    follow(stack, "Remove the stack from the old backend")
    assert ".pulumi/stacks/webapp/dev.json" not in server.objects()
    assert "no stack named 'dev' found" in refused(stack, "preview")
    assert is_unchanged(in_folder)

    follow(stack, "Move to a backend with another key")
    assert is_unchanged(stack)
