"""Finds differences between two property trees, by Pulumi's property paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from sandbox.plugins.wire import Unknown

Kind = Literal["add", "delete", "update"]

_SIMPLE_KEY = re.compile(r"^[A-Za-z_$][A-Za-z0-9_$]*$")


def join(path: str, key: str | int) -> str:
    """Appends a key or an index to a property path.

    >>> join("metadata.annotations", "pulumi.com/skipAwait")
    'metadata.annotations["pulumi.com/skipAwait"]'
    >>> join("containers", 0)
    'containers[0]'
    """
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not _SIMPLE_KEY.match(key):
        return path + '["' + key.replace('"', '\\"') + '"]'
    return f"{path}.{key}" if path else key


def diff(old: Any, new: Any, path: str = "") -> dict[str, Kind]:
    """Maps each differing leaf's property path to its kind.

    `old` and `new` are plain values (see `wire.reveal`). `None` is the same as absent. `UNKNOWN`
    differs from all values, including `UNKNOWN`.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        changes: dict[str, Kind] = {}
        for key in [*old, *(key for key in new if key not in old)]:
            changes.update(diff(old.get(key), new.get(key), join(path, key)))
        return changes
    if isinstance(old, list) and isinstance(new, list):
        changes = {}
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            changes.update(diff(before, after, join(path, index)))
        return changes
    if old is None and new is None:
        return {}
    if old is None:
        return {path: "add"}
    if new is None:
        return {path: "delete"}
    if isinstance(old, Unknown) or isinstance(new, Unknown):
        return {path: "update"}
    same_type = isinstance(old, bool) == isinstance(new, bool)
    return {} if same_type and old == new else {path: "update"}
