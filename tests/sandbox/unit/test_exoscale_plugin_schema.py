"""The Exoscale plugin has every property that the official SDK has, and no other."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable

import pulumi
import pulumiverse_exoscale
import pytest
from pulumi.runtime.proto import provider_pb2

from tests.support.exoscale_plugin import KINDS, Context, Plugin

RESOURCE_ARGUMENTS = {"__self__", "__props__", "resource_name", "opts"}


@pytest.fixture(scope="module")
def package() -> dict[str, dict[str, dict[str, object]]]:
    answer = Plugin().provider.GetSchema(provider_pb2.GetSchemaRequest(), Context())
    return dict(json.loads(answer.schema)["resources"])


def _snake(names: Iterable[str]) -> set[str]:
    return {re.sub(r"([A-Z])", lambda match: "_" + match[1].lower(), name) for name in names}


@pytest.mark.parametrize("kind", KINDS)
def test_properties(kind: str, package: dict[str, dict[str, dict[str, object]]]) -> None:
    resource = getattr(pulumiverse_exoscale, kind)
    described = package[KINDS[kind]]
    inputs = set(inspect.signature(resource._internal_init).parameters)
    assert _snake(described["inputProperties"]) == inputs - RESOURCE_ARGUMENTS
    outputs = {
        name
        for name, member in vars(resource).items()
        if isinstance(member, property) and not hasattr(pulumi.CustomResource, name)
    }
    assert _snake(described["properties"]) == outputs
