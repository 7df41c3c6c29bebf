"""Settings of a stack for the tests, and how the engine passes them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Collection, Mapping
from typing import Any
from unittest.mock import patch

import pulumi
import pytest

from stack.args import StackArgs
from stack.load import load as load_settings

APP: dict[str, Any] = {"name": "web", "image": "example/web:1"}
SIDECAR: dict[str, Any] = {"name": "logs", "image": "busybox:1.37"}

VALID: dict[str, Any] = {
    "cluster": {
        "zone": "ch-gva-2",
        "version": "1.34.3",
        "nodePortSources": ["192.0.2.0/24"],
        "nodepools": [{"name": "workers", "instanceType": "standard.small", "size": 2}],
    },
    "apps": [{"name": "web", "image": "example/web:1"}, {"name": "api", "image": "example/api:1"}],
}


def load(values: dict[str, Any], secret: Collection[str] = (), stack: str = "test") -> StackArgs:
    """Load settings as the engine passes them: a string a key, JSON for an object.

    Args:
        secret: the keys that have something encrypted in them.
    """
    config = {f"webapp:{key}": json.dumps(value) for key, value in values.items()}
    pulumi.runtime.set_all_config(
        {**config, "other:key": "ignored"}, [f"webapp:{key}" for key in secret]
    )
    with (
        patch.object(pulumi, "get_project", lambda: "webapp"),
        patch.object(pulumi, "get_stack", lambda: stack),
    ):
        return load_settings()


def mistakes(values: dict[str, Any], secret: Collection[str] = ()) -> list[str]:
    """The lines of the error, one a mistake."""
    with pytest.raises(pulumi.RunError) as caught:
        load(values, secret)
    first, *lines = str(caught.value).splitlines()
    assert first in (
        "wrong settings of the stack test, nothing was changed:",
        "wrong settings in Pulumi.test.yaml, nothing was changed:",
    )
    return [line.strip() for line in lines]


def changed(path: str, value: Any, values: Mapping[str, Any] = VALID) -> dict[str, Any]:
    """The valid settings, or others, with the value at `path` set, or removed if it is `...`."""
    found: dict[str, Any] = copy.deepcopy(dict(values))
    *parents, last = [int(p) if p.isdigit() else p for p in re.findall(r"\w+", path)]
    target: Any = found
    for part in parents:
        target = target.setdefault(part, {}) if isinstance(target, dict) else target[part]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return found
