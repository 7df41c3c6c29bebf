"""A commit changes nothing in users' stacks without being seen to."""

from __future__ import annotations

import json

from tests.unit.recorded_resources import FILE, recorded


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
        assert now[stack][urn] == before[stack][urn], f"{len(changed)} differ; {urn}"
