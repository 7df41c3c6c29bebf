"""A deployment does what its preview showed, and sees that it works, or tells the way back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.program.unit.answering_pulumi import FakePulumi
from tools import deploy
from tools.pulumi_command import ToolError

UP = "up --stack dev --yes"
CREDENTIALS = "--target **SksKubeconfig::* --target **pulumi:providers:kubernetes::*"
DEPLOYED = {"kubeconfig": "[secret]", "shop_url": "http://shop.shop.svc/"}


def run(clone: Path, stack: str = "dev") -> int:
    return deploy.main([f"--stack={stack}"], clone)


def git(clone: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=clone, check=True, capture_output=True, text=True).stdout


def commit(clone: Path, image: str) -> str:
    """Commit another image for `dev`; return the commit."""
    file = clone / "Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("example/shop:1", image))
    (clone / "program").write_text(image)
    git(clone, "add", "--all")
    git(clone, "commit", "--message", image)
    return git(clone, "rev-parse", "HEAD").strip()


def update(commit: str | None, kind: str = "update", result: str = "succeeded") -> object:
    environment = {"git.head": commit} if commit else {}
    return {"kind": kind, "result": result, "environment": environment}


def failing_smoke(monkeypatch: pytest.MonkeyPatch) -> None:
    def smoke(stack: str, folder: Path, timeout: float) -> None:
        raise ToolError(f"{stack}: after {timeout:g} s: shop: answers 500")

    monkeypatch.setattr(deploy, "smoke", smoke)


def test_what_is_there_is_deployed_strictly_and_its_credentials_first(
    clone: Path, pulumi: FakePulumi, capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi.answers("stack output", DEPLOYED)
    pulumi.answers("up")
    assert run(clone) == 0
    credentials, everything = pulumi.asked("up")
    assert credentials == f"{UP} --strict {CREDENTIALS}"
    assert everything.startswith(f"{UP} --strict --policy-pack ")
    assert "shop            skipped: it is only reachable inside" in capsys.readouterr().out


def test_a_first_deployment_can_not_be_strict(clone: Path, pulumi: FakePulumi) -> None:
    pulumi.answers("stack output", {})
    pulumi.answers("up", code=255)
    assert run(clone) == 1
    (first,) = pulumi.asked("up")
    assert first.startswith(f"{UP} --policy-pack ")


def test_an_up_that_fails_tells_the_way_on(
    clone: Path, pulumi: FakePulumi, capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi.answers("stack output", DEPLOYED)
    pulumi.answers("up", code=255)
    assert run(clone) == 1
    assert len(pulumi.asked("up")) == 1
    told = capsys.readouterr().err
    assert told.startswith("deploy: dev: pulumi up failed, see above. ")
    assert "pulumi cancel --stack dev" in told


def test_a_smoke_test_that_fails_tells_the_way_back(
    clone: Path,
    pulumi: FakePulumi,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    git(clone, "init", "--quiet")
    before = commit(clone, "example/shop:1")
    now = commit(clone, "example/shop:2")
    history = [
        update(now),
        update(now, result="failed"),
        update("0" * 40, kind="refresh"),
        update("1" * 40, result="failed"),
        update(None),
        update(before),
        update("2" * 40),
    ]
    pulumi.answers("stack history --json --stack dev", history)
    pulumi.answers("stack output", DEPLOYED)
    pulumi.answers("up")
    failing_smoke(monkeypatch)
    assert run(clone) == 1
    assert capsys.readouterr().err == (
        "deploy: dev: after 300 s: shop: answers 500\n"
        f"Rollback: make rollback STACK=dev TO={before[:12]}\n"
    )


@pytest.mark.parametrize(
    ("history", "way"),
    [
        ([], "not possible, because no earlier deployment was made from another commit"),
        ([update("0" * 40)], "make rollback STACK=dev TO=000000000000"),
    ],
)
def test_the_way_back_is_the_last_commit_that_was_deployed(
    clone: Path, pulumi: FakePulumi, history: list[object], way: str
) -> None:
    git(clone, "init", "--quiet")
    commit(clone, "example/shop:1")
    pulumi.answers("stack history", history)
    assert deploy.rollback_hint("dev", clone) == way


def test_the_settings_are_not_blamed_where_they_are_as_they_were(
    clone: Path, pulumi: FakePulumi
) -> None:
    git(clone, "init", "--quiet")
    before = commit(clone, "example/shop:1")
    (clone / "program").write_text("another")
    git(clone, "commit", "--all", "--message", "another")
    pulumi.answers("stack history", [update(before)])
    assert deploy.rollback_hint("dev", clone).startswith(
        "use git revert, because the program has changed"
    )


@pytest.mark.parametrize(
    ("stack", "variable", "message"),
    [
        ("Dev", None, 'STACK: "Dev": must be lowercase letters and digits, with hyphens'),
        ("../x", None, 'STACK: "../x": must be'),
        ("qa", None, "qa: Pulumi.qa.yaml does not exist: run make new-stack NAME=qa FROM=dev"),
        ("new", None, "new: does not exist at file:///states: run pulumi stack init new"),
        ("dev", "EXOSCALE_API_KEY", "dev: EXOSCALE_API_KEY is empty: "),
        ("dev", "EXOSCALE_API_SECRET", "dev: EXOSCALE_API_SECRET is empty: "),
    ],
)
def test_what_is_missing_is_told_before_anything_is_done(
    clone: Path,
    pulumi: FakePulumi,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stack: str,
    variable: str | None,
    message: str,
) -> None:
    (clone / "Pulumi.new.yaml").write_text("config: {}\n")
    if variable:
        monkeypatch.setenv(variable, "")
    assert run(clone, stack) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"deploy: {message}")
    assert told.count("\n") == 1
    assert not pulumi.asked("up")


def test_a_backend_that_can_not_be_reached_is_told(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi = FakePulumi(tmp_path / "unreachable", monkeypatch)
    pulumi.answers("stack ls", code=255, err="error: could not list: connection refused")
    assert run(clone) == 1
    assert "failed: error: could not list: connection refused" in capsys.readouterr().err
