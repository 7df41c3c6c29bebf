"""What is encrypted in the stack's file is nowhere in clear."""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.args.secret import secret_places
from components.manifests.secrets import create_generated_secret, encoded
from stack.args import StackArgs
from tests.program.unit.engine import run
from tests.program.unit.recorded_resources import recorded
from tests.program.unit.stack_settings import VALID, load, mistakes

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The mark of a secret in what goes to the engine (pulumi, `sdk/go/common/resource/sig`)."""

TOKEN = "token-that-nobody-may-see"
VALUES = {
    **VALID,
    "ingress": {"values": {"controller": {"password": TOKEN}}},
    "apps": [
        {
            "name": "web",
            "image": "example/web:1",
            "environment": {"API_TOKEN": TOKEN, "COLOUR": "red"},
            "config": {"files": {"/etc/key": TOKEN}},
            "secrets": {"environment": {"TOKEN": TOKEN, "OTHER": "x"}},
            "sidecars": [{"name": "log", "image": "busybox:1.37", "environment": {"KEY": TOKEN}}],
        }
    ],
}
RIGHT = ["apps[0].secrets.environment.TOKEN", "apps[0].secrets.environment.OTHER"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder, without a stack's file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def encrypt(folder: Path, *places: str, prefix: str = "webapp:") -> set[str]:
    """Write the stack's file with these places encrypted; the keys that they are in."""
    config: Any = copy.deepcopy(VALUES)
    for place in places:
        *parents, last = [int(p) if p.isdigit() else p for p in re.findall(r"[/\w]+", place)]
        parent = config
        for part in parents:
            parent = parent[part]
        parent[last] = {"secure": "v1:0f:encrypted"}
    document = {
        "encryptionsalt": "v1:salt",
        "config": {f"{prefix}{key}": value for key, value in config.items()},
    }
    (folder / "Pulumi.test.yaml").write_text(yaml.safe_dump(document))
    return {re.split(r"\W", place)[0] for place in places}


@pytest.mark.parametrize(
    ("place", "advice"),
    [
        ("apps[0].environment.API_TOKEN", "it belongs in apps[0].secrets.environment.API_TOKEN"),
        ("apps[0].config.files[/etc/key]", 'it belongs in apps[0].secrets.files["/etc/key"]'),
        ("apps[0].sidecars[0].environment.KEY", "only apps.*.secrets.environment.*, apps.*"),
        ("ingress.values.controller.password", "nothing in ingress can be secret"),
        ("cluster.zone", "only cluster.audit.bearerToken can be secret"),
        ("apps", "only apps.*.secrets.environment.*, apps.*.secrets.files.*, "),
    ],
)
def test_where_no_secret_belongs_nothing_is_encrypted(
    folder: Path, place: str, advice: str
) -> None:
    keys = encrypt(folder, *RIGHT, place) if place != "apps" else encrypt(folder, place)
    (line,) = mistakes(VALUES, keys | {"apps"})
    told = place.replace("[/etc/key]", '["/etc/key"]')
    assert line.startswith(f"{told}: [secret]: must not be encrypted, because it would be in clear")
    assert advice in line
    assert TOKEN not in line


@pytest.mark.parametrize("prefix", ["webapp:", ""])
def test_secrets_where_they_belong(folder: Path, prefix: str) -> None:
    keys = encrypt(folder, *RIGHT, prefix=prefix)
    settings = load(VALUES, keys)
    assert TOKEN not in repr(settings.apps[0].secrets)


def test_one_in_clear_beside_one_that_is_encrypted(folder: Path) -> None:
    keys = encrypt(folder, RIGHT[0])
    (line,) = mistakes(VALUES, keys)
    assert line.startswith("apps[0].secrets.environment.OTHER: [secret]: must be encrypted")


def test_where_the_file_does_not_show_it_types_decide(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi, "warn", warnings.append)
    assert load(VALUES, {"apps"})
    (line,) = mistakes(VALUES, {"apps", "ingress"})
    assert line.startswith("ingress: [secret]: must not be encrypted")
    encrypt(folder, *RIGHT)
    others = copy.deepcopy(VALUES)
    others["apps"][0]["environment"]["COLOUR"] = "green"
    assert load(others, {"apps"})
    expected = "apps: Pulumi.test.yaml does not show its encrypted values"
    assert [warning[: len(expected)] for warning in warnings] == [expected] * 2


def test_every_type_that_is_secret_is_refused_in_clear() -> None:
    clear = {".".join(place) for place, may_be_clear in secret_places(StackArgs) if may_be_clear}
    assert clear == {"existingCluster.kubeconfig", "apps.*.database.backup.accessKey"}
    app = VALUES["apps"][0] | {"database": {"backup": {"secretKey": TOKEN}}}
    app |= {"pullSecret": {"password": TOKEN}, "secrets": {"files": {"/etc/x": TOKEN}}}
    lines = mistakes({"cluster": {"audit": {"bearerToken": TOKEN}}, "apps": [app]})
    assert sorted(line.split(":")[0] for line in lines if "must be encrypted" in line) == [
        "apps[0].database.backup.secretKey",
        "apps[0].pullSecret.password",
        'apps[0].secrets.files["/etc/x"]',
        "cluster.audit.bearerToken",
    ]


def test_no_object_has_a_secret_in_clear() -> None:
    """In these stacks, all that is secret says so."""
    words = ["hidden", base64.b64encode(b"hidden").decode(), "EXO0123456789", "drawn-"]
    requests = recorded()
    found = [text for text in clear_texts(requests) if any(word in text for word in words)]
    assert found == []
    assert all(word in json.dumps(requests) for word in words[:3])


def clear_texts(value: Any) -> Iterator[str]:
    """All texts outside of what is marked as secret."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from clear_texts(item)
    elif isinstance(value, dict) and SIGNATURE not in value:
        for item in value.values():
            yield from clear_texts(item)


@pytest.mark.parametrize("preview", [False, True])
def test_a_preview_does_not_know_what_is_drawn(preview: bool) -> None:
    """A strict `up` draws another value, and may do only what its preview showed."""

    def declare() -> None:
        create_generated_secret("app", {"name": "app"}, {"KEY": TOKEN}, pulumi.ResourceOptions())

    engine, _ = run(declare, preview=preview)
    assert (encoded(TOKEN) in str(engine.of_type("Secret"))) is not preview
