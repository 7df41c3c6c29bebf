"""Differences between a release as it is and as it is wanted.

Source: pulumi/pulumi-kubernetes, `provider/pkg/provider/helm_release.go`, `Diff`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sandbox.plugins.property_diff import Kind, join
from sandbox.plugins.property_diff import diff as diff_values
from sandbox.plugins.wire import Unknown

FORCE_NEW: Final = ("name", "namespace")


def diff_release(
    old_inputs: Mapping[str, Any], state: Mapping[str, Any], news: Mapping[str, Any], path: str = ""
) -> dict[str, Kind]:
    """What `news` changes, by property path.

    What is wanted is compared to the state, so that a drift that a refresh has found counts. What
    is in the state alone does not count, unless an input asked for it before and no longer does.
    In values, null is a value: it takes away what the chart has.

    Args:
        old_inputs: what was asked for before, revealed.
        state: the outputs, revealed.
        news: what is asked for now, revealed.
        path: where in the properties these are.
    """
    changes: dict[str, Kind] = {}
    for key, new in news.items():
        here = join(path, key)
        if key not in state:
            changes[here] = "add"
            continue
        current = state[key]
        if isinstance(new, Mapping) and isinstance(current, Mapping):
            before = old_inputs.get(key)
            before = before if isinstance(before, Mapping) else {}
            changes |= diff_release(before, current, new, here)
        elif isinstance(new, Unknown) or (new is None) != (current is None):
            changes[here] = "update"
        else:
            changes |= diff_values(current, new, here)
    for key in old_inputs:
        if key not in news and key in state:
            changes[join(path, key)] = "delete"
    return changes
