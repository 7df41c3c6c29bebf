"""A commit changes nothing in users' stacks without being seen to."""

from __future__ import annotations

import json
from typing import Any

from tests.program.unit.recorded_resources import FILE, recorded


def test_everything_is_registered_as_before() -> None:
    before, now = json.loads(FILE.read_text()), recorded()
    assert {stack: set(found) for stack, found in now.items()} == {
        stack: set(found) for stack, found in before.items()
    }
    changed = [
        (stack, urn)
        for stack, found in now.items()
        for urn in found
        if found[urn] != before[stack][urn]
    ]
    if changed:
        stack, urn = changed[0]
        assert now[stack][urn] == before[stack][urn], (
            f"{len(changed)} differ, such as {urn}. If the change is intended, run "
            "python -m tests.program.unit.recorded_resources, and review the difference"
        )


def test_no_change_of_data_deletes_a_workload() -> None:
    """A Secret or ConfigMap whose data may change has a generated name.

    One with a given name is deleted before its successor is made, and so is every workload that
    refers to it (pulumi-kubernetes, provider/pkg/provider/provider.go, `deleteBeforeReplace`).
    """
    found = [(urn, each) for stack in recorded().values() for urn, each in stack.items()]
    named = {urn for urn, each in found if may_change(each) and "name" in metadata(each)}
    assert any(may_change(each) for _, each in found)
    assert not named


def may_change(request: dict[str, Any]) -> bool:
    kinds = ("kubernetes:core/v1:Secret", "kubernetes:core/v1:ConfigMap")
    return request["type"] in kinds and "data" not in request.get("ignoreChanges", ())


def metadata(request: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = request["object"]["metadata"]
    return found
