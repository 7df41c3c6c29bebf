"""A file of a user's that is no YAML: one line, with the place, and nothing of its text."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml

from components.args.yaml_text import description
from sandbox.environment.stack_files import temporary_salts
from tests.program.unit.answering_pulumi import FakePulumi

INDENTATION = "config:\n  webapp:apps:\n    - name: hush\n   image: hush\n"
WRONG = {
    INDENTATION: "line 4, column 4: expected <block end>, but found '<block mapping start>', "
    "while parsing a block mapping since line 2",
    "config: {a: [hush}": "line 1, column 18: expected ',' or ']', but got '}', while parsing a "
    "flow sequence since line 1",
    "config:\n\ta: hush\n": "line 2, column 1: found character '\\t' that cannot start any token",
    "a: \x07hush": "special characters are not allowed",
    "a: 2026-02-30": "day is out of range for month",
}


@pytest.mark.parametrize(("text", "line"), WRONG.items())
def test_the_place_is_told_and_nothing_of_the_text(text: str, line: str) -> None:
    with pytest.raises((yaml.YAMLError, ValueError)) as caught:
        yaml.safe_load(text)
    error = caught.value
    assert isinstance(error, yaml.YAMLError | ValueError)
    assert description(error) == line


COMMANDS = {
    "refreshed up": ["up", "--stack=dev"],
    "refreshed preview": ["preview", "--stack=dev"],
    "refreshed destroy": ["destroy", "--stack=dev"],
    "deploy": ["--stack=dev"],
    "previews": ["--out=OUT", "dev"],
    "drift": ["--out=OUT", "dev"],
    "leftovers": ["--stack=dev"],
    "smoke": ["--stack=dev"],
    "promote": ["write", "--from=dev", "--to=prod"],
    "new_stack": ["--name=x", "--from=dev", "--secrets-provider="],
    "review": ["up", "--pr=1", "--from=dev", "--image=", "--out="],
    "unquoted": ["dev"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_tool_tells_it(
    command: str,
    clone: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    FakePulumi(tmp_path / "fake", monkeypatch).answers("stack ls", [{"name": "dev"}])
    (clone / "Pulumi.dev.yaml").write_text(INDENTATION)
    main = importlib.import_module(f"tools.{command.split()[0]}").main
    given = [each.replace("OUT", str(tmp_path / "out")) for each in COMMANDS[command]]
    assert main(given, clone) == 1
    shown = "".join(capfd.readouterr())
    assert f"Pulumi.dev.yaml: {WRONG[INDENTATION]}\n" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("text", WRONG)
def test_the_sandbox_leaves_it_to_what_it_runs(text: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    stacks = tmp_path / "home" / "pulumi-stacks"
    stacks.mkdir(parents=True)
    (stacks / "Pulumi.dev.yaml").write_text("encryptionsalt: v1:salt\n")
    with temporary_salts(tmp_path / "home", folder=tmp_path):
        pass
    assert (tmp_path / "Pulumi.dev.yaml").read_text() == text
