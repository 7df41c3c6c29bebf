"""The annotation `pulumi.com/waitFor`: the user says when an object is ready.

Source: pulumi/pulumi-kubernetes, `provider/pkg/metadata/overrides.go`, `pkg/jsonpath` and
`pkg/await/condition`. Of JSONPath, plain paths are supported: fields and indexes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from sandbox.plugins.kubernetes.readiness.awaiter import Awaiter, Status
from sandbox.plugins.kubernetes.readiness.events import Event, Watched, named
from sandbox.plugins.kubernetes.readiness.objects import condition

WAIT_FOR: Final = "pulumi.com/waitFor"

_PATH: Final = re.compile(r"^\{\s*\$?(.*?)\s*\}$")
_STEP: Final = re.compile(r"""\.([A-Za-z_][\w-]*)|\[(\d+)\]|\[['"]([^'"]+)['"]\]""")


@dataclass(frozen=True)
class Condition:
    """`condition=Type` or `condition=Type=Status`: a status condition has this status."""

    text: str
    type: str
    status: str

    def holds(self, item: dict[str, Any]) -> bool:
        state = item.get("status") or {}
        for kind in {found["type"] for found in state.get("conditions") or []}:
            if kind.lower() == self.type.lower():
                found = condition(item, kind) or {}
                observed = found.get("observedGeneration", state.get("observedGeneration"))
                stale = observed is not None and observed < item["metadata"].get("generation", 0)
                return not stale and bool(found["status"].lower() == self.status.lower())
        return False


@dataclass(frozen=True)
class Path:
    """`jsonpath={.path}` or `jsonpath={.path}=value`: the field is there, or has this value."""

    text: str
    steps: tuple[str | int, ...]
    value: str

    def holds(self, item: dict[str, Any]) -> bool:
        observed = (item.get("status") or {}).get("observedGeneration")
        if observed is not None and observed < item["metadata"].get("generation", 0):
            return False
        found: Any = item
        for step in self.steps:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                return False
        return not self.value or _shown(found) == self.value


def parse(annotation: str) -> list[Condition | Path]:
    """The conditions of an annotation: one, or a JSON list of several.

    Raises:
        ValueError: naming the condition that can't be understood.
    """
    texts = json.loads(annotation) if annotation.lstrip().startswith("[") else [annotation]
    if not texts:
        raise ValueError("at least one condition must be specified")
    return [_parse_one(text) for text in texts]


def _parse_one(text: str) -> Condition | Path:
    kind, _, expression = text.partition("=")
    if kind == "condition":
        name, _, status = expression.partition("=")
        return Condition(text, name, status or "True")
    if kind != "jsonpath":
        raise ValueError(f'expected a "jsonpath=" or "condition=" prefix, got "{text}"')
    path, equals, value = expression.partition("}=")
    bracketed = _PATH.match(path + "}" if equals else path)
    if not bracketed:
        raise ValueError(f"{path} should be wrapped in brackets {{ ... }}")
    steps: list[str | int] = []
    rest = bracketed[1]
    while rest:
        step = _STEP.match(rest)
        if not step:
            raise ValueError(f"{WAIT_FOR}: the JSONPath {text!r} is not supported by the sandbox")
        steps.append(int(step[2]) if step[2] else step[1] or step[3])
        rest = rest[step.end() :]
    return Path(text, tuple(steps), value)


def _shown(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


class WaitForAwaiter(Awaiter):
    """Ready once all the annotation's conditions hold."""

    def __init__(self, live: dict[str, Any], status: Status) -> None:
        super().__init__(live, status)
        self._conditions = parse(live["metadata"]["annotations"][WAIT_FOR])

    def watched(self) -> list[Watched]:
        return [named(self.live["apiVersion"], self.live["kind"], self.live["metadata"]["name"])]

    def observe(self, event: Event, now: float) -> None:
        if self.is_current(event) and event.type != "DELETED":
            self.live = event.object
            for text in self._open():
                self.status(f"Waiting for {text}")

    def _open(self) -> list[str]:
        return [item.text for item in self._conditions if not item.holds(self.live)]

    def ready(self) -> bool:
        return not self._open()

    def reasons(self) -> list[str]:
        return [f"{text} was not met" for text in self._open()]
