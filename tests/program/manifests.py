"""The Kubernetes objects that the program declares, without an engine or a cluster."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pulumi.runtime.rpc import is_rpc_secret, unwrap_rpc_secret

from stack.args import StackArgs
from stack.compose import declare as declare_stack
from tests.program.unit.engine import Engine, run

RICH_STACK: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("rich_stack.yaml").read_text())
"""The settings of a stack that uses all that an application can have."""

GUESTBOOK: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("guestbook.yaml").read_text()
)
"""Applications that are no web applications, and one that is."""


def declared(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The manifests of all objects that the program declares with these settings."""
    return manifests(_declared_once(json.dumps(settings)))


@cache
def _declared_once(settings: str) -> Engine:
    return declare(json.loads(settings))


def declare(values: Mapping[str, Any]) -> Engine:
    """Run the program with these settings."""
    settings = StackArgs.model_validate(values)
    return run(lambda: declare_stack(settings))[0]


def manifests(engine: Engine) -> list[dict[str, Any]]:
    """The manifests among the resources that were declared."""
    found = []
    for resource in engine.resources:
        provider, group_and_version, kind = resource.typ.split(":")
        is_read = bool(resource.resource_id)
        if (
            provider == "kubernetes"
            and not group_and_version.startswith("helm.sh/")
            and not is_read
        ):
            version = group_and_version.removeprefix("core/")
            body = _plain(resource.inputs)
            # As the provider does, though it adds a suffix.
            body["metadata"] = {"name": resource.name, **body["metadata"]}
            found.append({"apiVersion": version, "kind": kind, **body})
    return found


def _plain(value: Any) -> Any:
    """The value without the marks of secrets."""
    if is_rpc_secret(value):
        return _plain(unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
