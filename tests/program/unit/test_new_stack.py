"""A further stack is made whole, or not at all; nobody sees its secrets."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import yaml

from tests.program.unit.fake_pulumi import asked, clone_with_pulumi
from tools import new_stack

PULUMI = """
case "$1 $2" in
  "whoami --json") echo '{"url": "file:///states"}' ;;
  "stack ls") echo '[{"name": "dev"}, {"name": "shop/taken"}]' ;;
  "stack init") echo "encryptionsalt: v1:new" >> "Pulumi.$3.yaml" ;;
  "config set") cat >> "$LOG.stdin"; echo >> "$LOG.stdin" ;;
esac
"""
PLAIN = """# a comment
config:
  webapp:cluster: {zone: ch-gva-2}
"""
ENCRYPTED = """# a comment
secretsprovider: awskms://alias/shop
encryptedkey: old
encryptionsalt: v1:old
config:
  exoscale:secret:
    secure: v1:old
  webapp:apps:
    - name: web  # the first
      secrets:
        environment: {TOKEN: {secure: "v1:old"}}
        files:
          /etc/a.conf:
            secure: v1:old
"""
KEYS = (
    "exoscale:secret",
    "apps[0].secrets.environment.TOKEN",
    'apps[0].secrets.files["/etc/a.conf"]',
)
VALUES = ("hidden=1", " hidden ", "hidden3")
LINES = "".join(f"{key}={value}\n" for key, value in zip(KEYS, VALUES, strict=True))


class Terminal(io.StringIO):
    """A standard input that somebody types at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with the stacks `dev`, and `shop` with secrets; and a pulumi that notes its use."""
    clone = clone_with_pulumi(PULUMI, tmp_path, monkeypatch)
    (clone / "Pulumi.dev.yaml").write_text(PLAIN)
    (clone / "Pulumi.shop.yaml").write_text(ENCRYPTED)
    return clone


def run(folder: Path, name: str, source: str, stdin: io.StringIO | None = None, *more: str) -> int:
    """The command's exit code."""
    arguments = [f"--name={name}", f"--from={source}", *more]
    return new_stack.main(arguments, folder, stdin or io.StringIO())


def test_a_stack_without_secrets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "review-1", "dev") == 0
    assert (folder / "Pulumi.review-1.yaml").read_text() == PLAIN + "encryptionsalt: v1:new\n"
    assert asked(folder)[-1] == "stack init review-1 --no-select"
    told = capsys.readouterr().out
    assert "backend           file:///states\n" in told
    assert "secrets provider  passphrase\n" in told
    assert "pulumi preview --stack review-1" in told


def test_secrets_come_by_standard_input_and_go_by_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "further", "shop", io.StringIO(LINES)) == 0
    assert [each for each in asked(folder) if each.startswith("config")] == [
        f"config set --stack further --secret --raw --path {key}" for key in KEYS
    ]
    assert (folder.parent / "log.stdin").read_text().splitlines() == list(VALUES)
    told = capsys.readouterr()
    assert "hidden" not in told.out + told.err + "".join(asked(folder))


def test_secrets_are_typed_unseen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = dict(zip((f"{key}: " for key in KEYS), VALUES, strict=True))
    monkeypatch.setattr(new_stack, "getpass", typed.__getitem__)
    assert run(folder, "further", "shop", Terminal()) == 0
    assert (folder.parent / "log.stdin").read_text().splitlines() == list(VALUES)


def test_the_key_is_of_the_same_provider_or_another(folder: Path) -> None:
    assert run(folder, "same", "shop", io.StringIO(LINES)) == 0
    document = yaml.safe_load((folder / "Pulumi.same.yaml").read_text())
    assert document.keys() == {"config", "encryptionsalt"}
    assert document["encryptionsalt"] == "v1:new"
    assert run(folder, "other", "shop", io.StringIO(LINES), "--secrets-provider=passphrase") == 0
    assert [each.split()[4:6] for each in asked(folder) if each.startswith("stack init")] == [
        ["--secrets-provider", "awskms://alias/shop"],
        ["--secrets-provider", "passphrase"],
    ]


def test_a_number_that_pulumi_would_rewrite_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "Pulumi.dev.yaml"
    file.write_text("config: {webapp:apps: [{name: web, labels: {version: 0022}}]}\n")
    assert run(folder, "review-1", "dev") == 1
    assert "Pulumi.dev.yaml: apps[0].labels.version: must be in" in capsys.readouterr().err
    assert not (folder / "Pulumi.review-1.yaml").exists()
    assert not [each for each in asked(folder) if each.startswith("stack init")]


def lines_without(key: str) -> str:
    return "".join(line for line in LINES.splitlines(True) if not line.startswith(key))


@pytest.mark.parametrize(
    ("name", "source", "lines", "message"),
    [
        ("Review", "dev", "", 'NAME: "Review": must be lowercase letters and digits, with hyphens'),
        ("a/b", "dev", "", 'NAME: "a/b": must be'),
        ("-a", "dev", "", 'NAME: "-a": must be'),
        ("a\n", "dev", "", 'NAME: "a\\n": must be'),
        ("shop", "dev", "", 'NAME: "shop": already exists: Pulumi.shop.yaml'),
        ("taken", "dev", "", 'NAME: "taken": already exists at file:///states'),
        ("new", "prod", "", 'FROM: "prod": must be one of the stacks dev, shop'),
        ("new", "../dev", "", 'FROM: "../dev": must be one of'),
        ("new", "shop", "", f"no value for {', '.join(KEYS)}: "),
        ("new", "shop", lines_without(KEYS[1]), f"no value for {KEYS[1]}: "),
        (
            "new",
            "shop",
            LINES + "hidden=x\n",
            "standard input, line 4: must be one line KEY=VALUE for each",
        ),
        ("new", "shop", LINES + f"{KEYS[0]}=x\n", f"line 4: {KEYS[0]}: duplicate key"),
    ],
)
def test_what_is_refused_changes_nothing(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    source: str,
    lines: str,
    message: str,
) -> None:
    before = sorted(folder.iterdir())
    assert run(folder, name, source, io.StringIO(lines)) == 1
    told = capsys.readouterr().err
    assert told.startswith("new-stack: ")
    assert told.count("\n") == 1
    assert message in told
    assert "hidden" not in told
    assert sorted(folder.iterdir()) == before
    assert not any("init" in each for each in asked(folder))


@pytest.mark.parametrize("fails", ["stack init", "TOKEN"])
def test_of_a_stack_that_could_not_be_made_nothing_is_left(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fails: str,
) -> None:
    monkeypatch.setenv("FAILS", fails)
    assert run(folder, "further", "shop", io.StringIO(LINES)) == 1
    told = capsys.readouterr().err
    assert told.endswith("failed: error: no passphrase\n")
    assert "hidden" not in told
    assert asked(folder)[-1] == "stack rm further --yes"
    assert not (folder / "Pulumi.further.yaml").exists()
    monkeypatch.setenv("FAILS", "nothing")
    assert run(folder, "further", "shop", io.StringIO(LINES)) == 0


def test_without_pulumi(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / "bin" / "pulumi").unlink()
    assert run(folder, "further", "dev") == 1
    assert (
        capsys.readouterr().err == "new-stack: pulumi is not on PATH: see docs/getting-started.md\n"
    )
