"""Tools know what a stack's settings are, also where its file does not say all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.program.unit.fake_pulumi import asked, clone_with_pulumi
from tools.existing_stack import stack_settings
from tools.policies import ADVISORY, PACK, policy_arguments

TOLD = {
    "other:key": {"value": "1", "secret": False},
    "webapp:production": {"value": "true", "secret": False},
    "webapp:hidden": {"secret": True},
    "webapp:apps": {
        "value": '[{"name":"web","replicas":2,"environment":{"A":null,"B":true}}]',
        "objectValue": [{"name": "web", "replicas": 2, "environment": {"A": None, "B": True}}],
        "secret": False,
    },
}
PULUMI = f"""
case "$1" in
  config) cat <<'END'
{json.dumps(TOLD)}
END
  ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return clone_with_pulumi(PULUMI, tmp_path, monkeypatch)


def test_a_file_says_all(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_text("config: {webapp:apps: [{name: web, replicas: 02}]}")
    assert stack_settings("dev", folder) == {"apps": [{"name": "web", "replicas": "02"}]}
    assert policy_arguments("dev", folder) == PACK + ADVISORY
    assert asked(folder) == []


def test_where_a_file_names_pulumi_environments_pulumi_is_asked(folder: Path) -> None:
    """There they have settings too (Pulumi ESC, `pulumiConfig`)."""
    (folder / "Pulumi.dev.yaml").write_text("environment: [shop/prod]\nconfig: {}\n")
    assert stack_settings("dev", folder) == {
        "other:key": "1",
        "production": "true",
        "apps": [{"name": "web", "replicas": "2", "environment": {"A": "null", "B": "true"}}],
    }
    assert asked(folder) == ["config --json --show-secrets --stack dev"]
    assert policy_arguments("dev", folder) == PACK


def test_without_a_file_there_are_none(folder: Path) -> None:
    assert stack_settings("dev", folder) == {}
