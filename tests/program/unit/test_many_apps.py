"""One application more in a stack of many."""

from __future__ import annotations

from typing import Any

from stack.compose import declare
from tests.program.unit.engine import run
from tests.program.unit.stack_settings import VALID, load

MOST = 31


RICH: dict[str, Any] = {
    "config": {"environment": {"COLOR": "red"}, "files": {"/etc/app.conf": "x"}},
    "secrets": {"environment": {"TOKEN": "t0ken"}, "files": {"/etc/key": "x"}},
    "generatedSecrets": [],
    "beforeRollout": {"command": ["migrate"]},
}
"""What each third application has, the thirtieth too: all of them would only take longer."""


def declared(number: int) -> dict[tuple[str, str], Any]:
    """What `number` applications declare: inputs by type and name."""
    apps = [
        {
            "name": f"app-{index}",
            "image": "example/app:1",
            "replicas": 2,
            "path": f"/app-{index}",
            **(RICH if index % 3 == 2 else {}),
        }
        for index in range(number)
    ]
    settings = load(VALID | {"apps": apps}, secret=["apps"])

    engine, _ = run(lambda: declare(settings))
    return {(each.typ, each.name): each.inputs for each in engine.resources}


def test_the_thirtieth_application_touches_none_of_the_twenty_nine() -> None:
    before, after = declared(29), declared(30)
    assert {key: after[key] for key in before} == before
    assert 0 < len(after.keys() - before.keys()) <= MOST
    assert {name.startswith("app-29") for _, name in after.keys() - before.keys()} == {True}
