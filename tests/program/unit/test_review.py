"""The commands of review stacks: what Pulumi is asked, and that no secret is seen."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.program.unit.answering_pulumi import killed
from tests.program.unit.fake_pulumi import asked, clone_with_pulumi
from tools import review
from tools.policies import ADVISORY, PACK
from tools.refreshed import REFRESH
from tools.stacks import ROOT

PULUMI = """
case "$1 $2" in
  "stack ls") echo "$STACKS" ;;
  "stack export") echo "$STATE" ;;
  "stack init") echo "encryptionsalt: v1:new" >> "Pulumi.$3.yaml" ;;
  "stack output") echo '{"web_url": "http://192.0.2.7/pr-12/web/", "web_namespace": "pr-12"}' ;;
  "config --json") echo "$CONFIG" ;;
  "config set") cat >> "$LOG.stdin"; echo >> "$LOG.stdin" ;;
  "destroy --stack") cp "Pulumi.$3.yaml" "$LOG.file" ;;
esac
"""
DEV = """secretsprovider: awskms://alias/shop
encryptedkey: old
config:
  exoscale:secret: {secure: v1:key}
  webapp:cluster:
    zone: ch-gva-2
    version: 1.36.5
    nodepools: [{name: workers, instanceType: standard.small, size: 1}]
    audit: {endpoint: "https://logs.example.com", bearerToken: {secure: v1:audit}}
  webapp:apps:
    - name: web
      image: example/web:1
      path: /web
      secrets: {environment: {TOKEN: {secure: v1:token}}}
"""
CONFIG = """{
  "exoscale:secret": {"value": "hidden=key", "secret": true},
  "webapp:cluster": {"objectValue": {"audit": {"bearerToken": "hidden-audit"}}},
  "webapp:apps": {"objectValue": [{"secrets": {"environment": {"TOKEN": "hidden-token"}}}]}
}"""
KILLED = json.dumps(killed("updating"))
PLAIN = """config:
  webapp:existingCluster: {kubeconfig: kubeconfig, context: kind}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with the stack `dev`, with secrets; and a pulumi that notes its use."""
    monkeypatch.setenv("STACKS", '[{"name": "dev"}]')
    monkeypatch.setenv("CONFIG", CONFIG)
    monkeypatch.setenv("STATE", "{}")
    clone = clone_with_pulumi(PULUMI, tmp_path, monkeypatch)
    (clone / "Pulumi.dev.yaml").write_text(DEV)
    return clone


def run(folder: Path, command: str, **options: str) -> int:
    """The command's exit code."""
    arguments = [f"--{key}={value}" for key, value in {"from": "dev", **options}.items()]
    return review.main([command, *arguments], folder)


def test_a_new_stack(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = folder / "urls.md"
    assert run(folder, "up", pr="12", image="example/web:2", out=str(out)) == 0
    assert asked(folder) == [
        "config --json --show-secrets --stack dev",
        "stack ls --json",
        "stack init pr-12 --no-select --secrets-provider awskms://alias/shop",
        "config set --stack pr-12 --secret --raw --path exoscale:secret",
        "config set --stack pr-12 --secret --raw --path apps[0].secrets.environment.TOKEN",
        f"up --stack pr-12 --yes {' '.join(PACK + ADVISORY)}",
        "stack output --json --stack pr-12",
    ]
    given = (folder.parent / "log.stdin").read_text()
    assert given == "hidden=key\nhidden-token\n"
    file = (folder / "Pulumi.pr-12.yaml").read_text()
    assert yaml.safe_load(file) == {
        "config": {
            "exoscale:secret": "",
            "webapp:existingCluster": {"stack": "dev"},
            "webapp:ingress": {"existing": {}},
            "webapp:apps": [
                {
                    "name": "web",
                    "image": "example/web:2",
                    "namespace": "pr-12",
                    "path": "/pr-12/web",
                    "secrets": {"environment": {"TOKEN": ""}},
                }
            ],
        },
        "encryptionsalt": "v1:new",
    }
    told = capfd.readouterr()
    assert told.out == "web             http://192.0.2.7/pr-12/web/\n"
    assert out.read_text() == "- web: http://192.0.2.7/pr-12/web/\n"
    assert "hidden" not in told.out + told.err + file + "".join(asked(folder))
    assert "hidden" not in (folder / "Pulumi.dev.yaml").read_text()


def test_a_stack_that_is_there_has_its_file_made_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACKS", '[{"name": "dev"}, {"name": "shop/pr-12"}]')
    (folder / "Pulumi.pr-12.yaml").write_text("config: {webapp:gone: 1}\n")
    assert run(folder, "up", pr="12") == 0
    assert not [each for each in asked(folder) if each.startswith("stack init")]
    assert "webapp:gone" not in (folder / "Pulumi.pr-12.yaml").read_text()


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        ("up", {"pr": "x"}, 'PR: "x": must be a pull request\'s number, such as 12'),
        ("up", {"pr": "012"}, 'PR: "012": must be'),
        ("up", {"pr": "12", "from": "prod"}, 'FROM: "prod": must be one of the stacks dev'),
        ("up", {"pr": "12", "image": "shop=a"}, 'IMAGE: "shop=a": must be NAME=IMAGE'),
        ("down", {"pr": "dev"}, 'PR: "dev": must be'),
        ("sweep", {"open": " "}, 'OPEN: "": must be the numbers of open pull requests, or none'),
        ("sweep", {"open": "12 error"}, 'OPEN: "error": must be'),
    ],
)
def test_what_is_refused_changes_nothing(
    folder: Path,
    capfd: pytest.CaptureFixture[str],
    command: str,
    options: dict[str, str],
    message: str,
) -> None:
    before = sorted(folder.iterdir())
    assert run(folder, command, **options) == 1
    told = capfd.readouterr().err
    assert told.startswith(f"review: {message}")
    assert told.count("\n") == 1
    assert sorted(folder.iterdir()) == before
    assert {each.split()[0] for each in asked(folder)} <= {"config"}


def test_a_failing_up_is_a_failure(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAILS", "up --stack")
    assert run(folder, "up", pr="12") == 1
    assert capfd.readouterr().err == ("error: no passphrase\nreview: pulumi up failed, see above\n")


def test_it_is_removed_by_what_the_other_stack_says_of_the_cluster(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACKS", '[{"name": "dev"}, {"name": "pr-12"}]')
    (folder / "Pulumi.dev.yaml").write_text(PLAIN)
    assert run(folder, "down", pr="12") == 0
    assert asked(folder) == [
        "stack ls --json",
        "stack export --stack pr-12",
        "destroy --stack pr-12 --yes --remove --run-program",
    ]
    cluster = {"stack": "dev", "context": "kind"}
    used = yaml.safe_load((folder.parent / "log.file").read_text())
    assert used == {"config": {"webapp:existingCluster": cluster}}
    assert not (folder / "Pulumi.pr-12.yaml").exists()


def test_of_a_stack_that_is_not_there_the_file_goes(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "Pulumi.pr-12.yaml").touch()
    assert run(folder, "down", pr="12") == 0
    assert capfd.readouterr().out == "pr-12 does not exist\n"
    assert asked(folder) == ["stack ls --json"]
    assert not (folder / "Pulumi.pr-12.yaml").exists()


def test_a_number_that_is_read_as_another_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "Pulumi.dev.yaml").write_text(DEV + "      labels: {version: 0022}\n")
    assert run(folder, "up", pr="12") == 1
    assert "Pulumi.dev.yaml: apps[0].labels.version: must be in" in capsys.readouterr().err
    assert not (folder / "Pulumi.pr-12.yaml").exists()


def test_one_that_was_killed_is_refreshed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKS", '[{"name": "dev"}, {"name": "pr-12"}]')
    monkeypatch.setenv("STATE", KILLED)
    assert run(folder, "up", pr="12") == 0
    assert run(folder, "down", pr="12") == 0
    refresh, *_, destroy = [each for each in asked(folder) if each.startswith(("refresh", "dest"))]
    assert refresh == f"{' '.join(REFRESH)} --stack pr-12"
    assert destroy == "destroy --stack pr-12 --yes --remove --refresh --run-program"


def test_what_is_left_behind_is_still_a_stack(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STACKS", '[{"name": "pr-12"}]')
    monkeypatch.setenv("FAILS", "destroy")
    assert run(folder, "down", pr="12") == 1
    assert asked(folder)[-1].startswith("destroy")
    assert (
        capfd.readouterr()
        .err.splitlines()[-1]
        .endswith(
            "failed, see above. If the cluster no longer exists, set PULUMI_K8S_DELETE_UNREACHABLE"
            "=true and run it again"
        )
    )
    monkeypatch.setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
    monkeypatch.setenv("FAILS", "nothing")
    assert run(folder, "down", pr="12") == 0
    assert "destroy --stack pr-12 --yes --remove" in asked(folder)


def test_a_sweep_leaves_what_is_open_and_goes_on_after_a_failure(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    names = ("dev", "pr-1", "pr-12", "pr-15", "pr-7", "pr-x", "pr-7-b")
    listed = ", ".join(f'{{"name": "{name}"}}' for name in names)
    monkeypatch.setenv("STACKS", f"[{listed}]")
    monkeypatch.setenv("FAILS", "destroy --stack pr-1 ")
    assert run(folder, "sweep", open="15\n12\n") == 1
    told = capfd.readouterr()
    assert told.out == "pr-7 is deleted\n"
    assert told.err.splitlines()[-1] == "review: not deleted: pr-1"
    monkeypatch.setenv("FAILS", "nothing")
    assert run(folder, "sweep", open="none") == 0
    told = capfd.readouterr()
    assert re.findall("(.*) is deleted", told.out) == ["pr-1", "pr-12", "pr-15", "pr-7"]


@pytest.mark.parametrize(
    ("target", "values", "asked"),
    [
        (
            "review",
            ["PR=12", "IMAGE=`y`' z", "FROM=local", "OUT=a b"],
            ["up", "--pr=12", "--from=local", "--image=`y`' z", "--out=a b"],
        ),
        ("review", ["PR=12"], ["up", "--pr=12", "--from=dev", "--image=", "--out="]),
        ("review-down", ["PR=12"], ["down", "--pr=12", "--from=dev"]),
        ("review-sweep", ["OPEN=12\n15"], ["sweep", "--open=12\n15", "--from=dev"]),
    ],
)
def test_make_gives_what_it_was_given(
    tmp_path: Path, target: str, values: list[str], asked: list[str]
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
    program.chmod(0o755)
    given = make(target, *values, f"BIN={tmp_path}").stdout.split("\0")
    assert given[given.index("tools.review") + 1 : -1] == asked


@pytest.mark.parametrize("target", ["review", "review-down", "review-sweep"])
def test_make_tells_its_usage(target: str) -> None:
    answer = make(target)
    assert answer.returncode == 2
    assert answer.stdout.startswith(f"usage: make {target} ")


def make(target: str, *values: str) -> subprocess.CompletedProcess[str]:
    """What make does; `.venv` is taken for ready."""
    command = ["make", "--silent", "--old-file=.venv/tools-ready", target, *values]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
