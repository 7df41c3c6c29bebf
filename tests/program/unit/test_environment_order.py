"""Variables keep the order of the file, in which Kubernetes expands them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack.args import StackArgs
from stack.checks.expansions import warnings
from tests.program.manifests import RICH_STACK
from tests.program.unit.stack_settings import APP, SIDECAR, VALID, load, mistakes

WRITTEN = {"Z": "1", "A": "$(Z)", "M": "$(A)"}


def in_file(folder: Path, apps: list[dict[str, Any]]) -> dict[str, Any]:
    """Write the stack's file; return its settings as Pulumi passes them, with sorted keys."""
    values = VALID | {"apps": apps}
    config = {f"webapp:{key}": value for key, value in values.items()}
    (folder / "Pulumi.test.yaml").write_text(yaml.safe_dump({"config": config}, sort_keys=False))
    passed: dict[str, Any] = json.loads(json.dumps(values, sort_keys=True))
    return passed


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_container_has_the_order_of_the_file(folder: Path) -> None:
    app = APP | {
        "environment": WRITTEN,
        "sidecars": [SIDECAR | {"environment": WRITTEN}],
        "initContainers": [SIDECAR | {"name": "first", "environment": WRITTEN}],
    }
    (found,) = load(in_file(folder, [app])).apps
    for container in (found, *found.sidecars, *found.init_containers):
        assert list(container.environment) == ["Z", "A", "M"]


def test_variables_of_another_source_than_the_file_stay_sorted(folder: Path) -> None:
    passed = in_file(folder, [APP | {"environment": WRITTEN}])
    passed["apps"][0]["environment"] = {"A": "1", "B": "2"}
    (found,) = load(passed).apps
    assert list(found.environment) == ["A", "B"]


def told(**settings: Any) -> list[str]:
    found = StackArgs.model_validate(VALID | {"apps": [APP | settings]})
    return [line.removeprefix("apps[0].") for line in warnings(found)]


def test_a_reference_to_a_later_variable() -> None:
    assert told(environment={"URL": "http://$(HOST)/", "HOST": "db"}) == [
        "environment.URL: $(HOST) is not expanded: it is defined later: move HOST before URL, "
        "or write $$(HOST)"
    ]


def test_a_reference_to_itself_and_to_nothing() -> None:
    assert told(environment={"PATH": "$(PATH):/opt", "URL": "$(HOST)$(HOST)"}) == [
        "environment.PATH: $(PATH) is not expanded: a variable can't contain itself: use another "
        "name, or write $$(PATH)",
        "environment.URL: $(HOST) is not expanded: the container has no such variable: add it, "
        "or write $$(HOST)",
    ]


@pytest.mark.parametrize(
    "value",
    ["$$(HOST)", "$HOST", "${HOST}", "$(HOST", "$()", "$$$$(HOST)", "$(KUBERNETES_SERVICE_HOST)"],
)
def test_what_is_no_reference_to_the_containers_own_variables(value: str) -> None:
    assert told(environment={"A": value}) == []


def test_what_an_odd_number_of_dollar_signs_refers_to() -> None:
    (line,) = told(environment={"A": "$$$(HOST)"})
    assert "$(HOST) is not expanded" in line


def test_configuration_secrets_and_the_database_come_before() -> None:
    names = ["FROM_CONFIG", "FROM_SECRETS", "DRAWN", "DATABASE_URL"]
    value = "".join(f"$({name})" for name in names)
    sources: dict[str, Any] = {
        "config": {"environment": {"FROM_CONFIG": "1"}},
        "secrets": {"environment": {"FROM_SECRETS": "hidden"}},
        "generatedSecrets": ["DRAWN"],
        "database": {"storageClass": "local-path"},
    }
    assert told(**sources, environment={"A": value}) == []
    beside = [SIDECAR | {"environment": {"A": value}}]
    assert [line.partition(" is not ")[0] for line in told(**sources, sidecars=beside)] == [
        f"sidecars[0].environment.A: $({name})" for name in names
    ]


def test_a_config_map_expands_nothing() -> None:
    config = {"environment": {"URL": "$(HOST)", "SCRIPT": "$(date)"}}
    assert told(config=config, environment={"HOST": "db"}) == [
        "config.environment.URL: $(HOST) is not expanded: move URL to environment to expand it"
    ]


def test_production_refuses_it() -> None:
    (rich,) = (app for app in RICH_STACK["apps"] if app["name"] == "shop")
    values = RICH_STACK | {"apps": [rich | {"environment": {"A": "$(B)"}}]}
    cluster = VALID["cluster"] | {"csi": True}
    assert any("$(B) is not expanded" in line for line in mistakes(values | {"cluster": cluster}))
