"""Text that YAML reads as something else has to be in quotes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from tests.program.unit.stack_settings import VALID, load, mistakes

FILE = """
config:
  other:key: 1
  webapp:cluster: {zone: ch-gva-2}
  webapp:apps:
    - &app
      name: web
      image: example/web:1
      replicas: 02
      environment:
        NUMBER: 4
        OCTAL: 0022
        FLOAT: 1.10
        WHOLE: 1.0
        POWER: 1234e5
        HEX: 0x1F
        PARTS: 1_000
        DATE: 2026-01-01
        BOOLEAN: True
        QUOTED: "0022"
        WORD: yes
      args: [--since, 2026-01-01]
      labels: {version: 1.10}
      annotations: {example.com/build: 0017}
      sidecars: [{name: log, image: "busybox:1", environment: {VERSION: 2.0}}]
      config: {environment: {VERSION: 3.10}}
      secrets: {environment: {TOKEN: {secure: v1:0f:encrypted}}}
      resources: {requests: {cpu: 0.50}}
    - {<<: *app, name: api, environment: {API_VERSION: 1.30}}
"""
TIME = "2026-01-01 00:00:00 +0000 UTC"
APP: dict[str, Any] = {
    "name": "web",
    "image": "example/web:1",
    "replicas": 2,
    "environment": {
        "NUMBER": 4,
        "OCTAL": 18,
        "FLOAT": 1.1,
        "WHOLE": 1,
        "POWER": 123400000,
        "HEX": 31,
        "PARTS": 1000,
        "DATE": TIME,
        "BOOLEAN": True,
        "QUOTED": "0022",
        "WORD": "yes",
    },
    "args": ["--since", TIME],
    "labels": {"version": 1.1},
    "annotations": {"example.com/build": 15},
    "sidecars": [{"name": "log", "image": "busybox:1", "environment": {"VERSION": 2}}],
    "config": {"environment": {"VERSION": 3.1}},
    "secrets": {"environment": {"TOKEN": "hidden"}},
    "resources": {"requests": {"cpu": 0.5}},
}
"""The same as Pulumi hands it over."""

VALUES = VALID | {"apps": [APP, APP | {"name": "api", "environment": {"API_VERSION": 1.3}}]}


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "Pulumi.test.yaml"


NUMBER = "must be in quotes: YAML reads a number, and loses how it is written"
DATE = "must be in quotes: YAML reads a time"


def test_what_is_not_written_as_it_is_read_has_to_be_in_quotes(file: Path) -> None:
    file.write_text(FILE)
    lines = mistakes(VALUES, secret=["apps"])
    web = [each for each in lines if each.startswith("apps[0]")]
    assert sorted(web) == sorted(
        [
            *(
                f"apps[0].environment.{name}: [secret]: {NUMBER}"
                for name in ("OCTAL", "FLOAT", "WHOLE", "POWER", "HEX", "PARTS")
            ),
            f"apps[0].environment.DATE: [secret]: {DATE}",
            f"apps[0].args[1]: [secret]: {DATE}",
            f"apps[0].labels.version: [secret]: {NUMBER}",
            f'apps[0].annotations["example.com/build"]: [secret]: {NUMBER}',
            f"apps[0].sidecars[0].environment.VERSION: [secret]: {NUMBER}",
            f"apps[0].config.environment.VERSION: [secret]: {NUMBER}",
        ]
    )
    assert f"apps[1].environment.API_VERSION: [secret]: {NUMBER}" in lines


def test_another_files_values_are_not_those_that_are_written(file: Path) -> None:
    file.write_text(FILE)
    other = APP | {"environment": {"OCTAL": 18}, "args": [], "labels": {}}
    other |= {"annotations": {}, "config": {}, "sidecars": []}
    (web,) = load(VALID | {"apps": [other]}, secret=["apps"]).apps
    assert web.environment == {"OCTAL": "18"}


def test_quotes_and_whole_numbers_are_text(file: Path) -> None:
    file.write_text(
        """
config:
  webapp:cluster: {zone: ch-gva-2}
  webapp:apps:
    - name: web
      image: example/web:1
      replicas: 02
      environment: {A: 4, B: "0022", C: '1.10', D: "2026-01-01", E: True, F: yes, G: -1}
      resources: {requests: {cpu: 1.0}}
"""
    )
    values = {"A": 4, "B": "0022", "C": "1.10", "D": "2026-01-01", "E": True, "F": "yes", "G": -1}
    app = {"name": "web", "image": "example/web:1", "replicas": 2, "environment": values}
    app |= {"resources": {"requests": {"cpu": 1}}}
    (web,) = load(VALID | {"apps": [app]}).apps
    texts = {"A": "4", "B": "0022", "C": "1.10", "D": "2026-01-01", "E": "true", "F": "yes"}
    assert web.environment == texts | {"G": "-1"}
    assert (web.replicas, web.resources.requests.cpu) == (2, "1")


def test_what_is_encrypted_as_a_whole_is_not_looked_into(file: Path) -> None:
    file.write_text("config: {webapp:apps: {secure: v1:0f:encrypted}}")
    (line,) = mistakes(VALID, secret=["apps"])
    assert line.startswith("apps: [secret]: must not be encrypted")


def test_without_the_file_only_a_whole_number_is_taken_for_text() -> None:
    values = {"A": 4, "B": True, "C": 1.1, "D": TIME}
    labels = {"version": 1.1}
    app = {"name": "web", "image": "example/web:1", "environment": values, "labels": labels}
    assert mistakes(VALID | {"apps": [app]}) == [
        f"apps[0].environment.C: 1.1: {NUMBER}",
        f"apps[0].labels.version: 1.1: {NUMBER}",
        f'apps[0].environment.D: "{TIME}": {DATE}',
    ]
    del values["C"], values["D"], labels["version"]
    assert load(VALID | {"apps": [app]}).apps[0].environment == {"A": "4", "B": "true"}


def test_a_number_where_there_is_to_be_a_string() -> None:
    app = {"name": "web", "image": "example/web:1", "args": [1.5, 2]}
    assert mistakes(VALID | {"apps": [app]}) == [
        "apps[0].args[0]: 1.5: must be a string: put it in quotes",
        "apps[0].args[1]: 2: must be a string: put it in quotes",
    ]


def test_a_whole_number_that_has_lost_digits_is_refused(file: Path) -> None:
    """Pulumi hands over 12345678901234567000; numbers beside it are still looked at."""
    file.write_text(
        """
config:
  webapp:apps:
    - {name: web, image: "example/web:1", environment: {A: 12345678901234567890, B: 0022}}
"""
    )
    environment = {"A": 12345678901234567000, "B": 18}
    app = {"name": "web", "image": "example/web:1", "environment": environment}
    assert mistakes(VALID | {"apps": [app]}) == [
        f"apps[0].environment.A: 12345678901234567000: {NUMBER}",
        f"apps[0].environment.B: 18: {NUMBER}",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "config: [\n",
        "\0",
        "- a\n",
        "config: 3\n",
        "config: [a, b]\n",
        "config: {1: a}\n",
        "config: {webapp:apps: {name: web}}\n",
        "config: {webapp:apps: [!other {name: web}]}\n",
        FILE,
    ],
)
def test_a_file_that_is_not_the_settings_may_be_anything(file: Path, text: str) -> None:
    """With `--config-file`, a Pulumi environment or the Automation API, Pulumi does not read it."""
    file.write_text(text)
    assert load(VALID).apps[0].name == "web"
    wrong = VALID | {"apps": [{"name": "web", "image": "example/web:1", "replicas": "two"}]}
    with pytest.raises(pulumi.RunError, match=r"wrong settings of the stack test, nothing was"):
        load(wrong)


def test_a_file_that_can_not_be_read_is_not_the_settings(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    assert load(VALID)
    file.unlink()
    file.mkdir()
    assert load(VALID)


def test_the_file_is_named_where_it_has_the_settings(file: Path) -> None:
    values = VALID | {"apps": [{"name": "web"}]}
    file.write_text(yaml.safe_dump({"config": values}))
    with pytest.raises(pulumi.RunError, match=r"wrong settings in Pulumi.test.yaml, nothing was"):
        load(values | {"owner": "", "production": False, "namespaces": [], "ingress": {}})
    with pytest.raises(pulumi.RunError, match="of the stack test"):
        load(values | {"owner": "a-pulumi-environment"})
