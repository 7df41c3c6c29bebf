"""The documents that are made of the settings' classes, and of stacks' files, are those of them."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import jsonschema
import pytest
import yaml
from pydantic import TypeAdapter

from components.args.types import by_key
from stack.args import AppArgs, StackArgs
from tests.program.unit.recorded_resources import STACKS
from tools.documents import generate, hooks, policies, stacks

ROOT = Path(__file__).parents[3]
STACK_FILES = [ROOT / f"Pulumi.{name}.yaml" for name in stacks.stacks(ROOT)]


@pytest.mark.parametrize(
    ("file", "made"),
    [
        ("configuration.md", generate.markdown),
        ("settings.schema.json", generate.schema),
        ("environments-and-ci.md", stacks.page),
        ("policies.md", policies.page),
        ("../CONTRIBUTING.md", hooks.page),
    ],
)
def test_the_documents_are_up_to_date(file: str, made: Any) -> None:
    assert (ROOT / "docs" / file).read_text() == made(), "stale: make docs"


def test_every_example_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text("kind: Config\n")
    for model in generate.models():
        for field in model.model_fields.values():
            one: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, None, *field.metadata])  # type: ignore[arg-type]
            for example in generate.examples(field):
                one.validate_python(example)


def test_the_page_of_changes_has_every_setting_of_an_application() -> None:
    page = (ROOT / "docs" / "changes-and-upgrades.md").read_text()
    missing = {key for key in by_key(AppArgs) if not re.search(rf"`{key}[.`]", page)}
    assert not missing, "add a row to docs/changes-and-upgrades.md, Application settings"


def test_the_project_has_a_line_for_each_key() -> None:
    keys = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    own = {key: each for key, each in keys.items() if ":" not in key}
    assert {key: each["description"] for key, each in own.items()} == {
        key: generate.summary(key) for key in by_key(StackArgs)
    }


@pytest.mark.parametrize("file", STACK_FILES, ids=lambda file: file.name)
def test_editors_find_the_schema(file: Path) -> None:
    first, _, _ = file.read_text().partition("\n")
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert ROOT / named == ROOT / "docs" / "settings.schema.json"


def test_the_table_of_stacks_has_what_differs(tmp_path: Path) -> None:
    pool = {"name": "workers", "instanceType": "standard.small", "size": 2}
    web = {"name": "web", "image": "example/web:1", "environment": {"A": "x|y"}}
    token = {"audit": {"endpoint": "https://a.example", "bearerToken": {"secure": "v1:hidden"}}}
    cluster = {"zone": "ch-gva-2", "nodepools": [pool]}
    files: dict[str, Any] = {
        "prod": {"cluster": cluster | token | {"protect": True}, "apps": [web | {"replicas": 3}]},
        "a-further": {"existingCluster": {"kubeconfig": "k"}, "apps": [web]},
        "pr-12": {"existingCluster": {"stack": "dev"}, "apps": []},
        "dev": {"cluster": cluster | {"protect": False}, "apps": [web | {"environment": {}}, web]},
    }
    for name, values in files.items():
        config = {f"webapp:{key}": value for key, value in values.items()}
        (tmp_path / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))
    assert stacks.table(stacks.stacks(tmp_path)).splitlines() == [
        "| setting | dev | prod | a-further |",
        "|---|---|---|---|",
        "| `cluster.zone` | `ch-gva-2` | `ch-gva-2` |  |",
        "| `cluster.audit.endpoint` |  | `https://a.example` |  |",
        "| `cluster.audit.bearerToken` |  | *secret* |  |",
        "| `cluster.nodepools[0].name` | `workers` | `workers` |  |",
        "| `cluster.nodepools[0].instanceType` | `standard.small` | `standard.small` |  |",
        "| `cluster.nodepools[0].size` | `2` | `2` |  |",
        "| `cluster.protect` | `false` | `true` |  |",
        "| `existingCluster.kubeconfig` |  |  | `k` |",
        "| `apps[0].environment.A` |  | `x&#124;y` | `x&#124;y` |",
        "| `apps[0].replicas` | `1` | `3` | `1` |",
        "| `apps[1].name` | `web` |  |  |",
        "| `apps[1].image` | `example/web:1` |  |  |",
        "| `apps[1].environment.A` | `x&#124;y` |  |  |",
    ]


def wrong_in(config: Any) -> list[str]:
    """What the schema says of a stack's file."""
    return [error.message for error in validator().iter_errors({"config": config})]


@cache
def validator() -> jsonschema.Draft202012Validator:
    """What editors do with the schema."""
    schema = json.loads(generate.schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_takes_what_the_program_takes() -> None:
    assert STACK_FILES
    for file in STACK_FILES:
        assert wrong_in(yaml.safe_load(file.read_text())["config"]) == []
    for values in STACKS.values():
        assert wrong_in({f"webapp:{key}": encrypted(each) for key, each in values.items()}) == []


def encrypted(value: Any) -> Any:
    """As the stack's file has it."""
    if isinstance(value, dict):
        return {key: encrypted(each) for key, each in value.items()}
    if isinstance(value, list):
        return [encrypted(each) for each in value]
    return {"secure": "v1:encrypted"} if value == "hidden" else value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("apps", [{"name": "web", "image": "example/web:1", "replica": 3}]),
        ("apps", [{"name": "web", "image": "example/web:1", "replicas": -1}]),
        ("apps", [{"name": "Web", "image": "example/web:1"}]),
        ("apps", [{"name": "web"}]),
        ("cluster", {"audit": {"endpoint": "https://a.example", "bearerToken": "in clear"}}),
        ("ingress", {"controller": "haproxy"}),
    ],
)
def test_the_schema_refuses_what_the_program_refuses(key: str, value: Any) -> None:
    assert wrong_in({f"webapp:{key}": value})
