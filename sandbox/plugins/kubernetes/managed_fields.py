"""Who manages which field of a live object (`metadata.managedFields`).

Format: https://kubernetes.io/docs/reference/using-api/server-side-apply/#fieldsv1
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sandbox.plugins.kubernetes.objects import Manifest, metadata

CREATE_MANAGER: Final = "pulumi-kubernetes"
_UPDATE: Final = "Update"
_APPLY: Final = "Apply"
_TAKEN_OVER: Final = (
    ("kubectl", _APPLY),
    ("kubectl", _UPDATE),
    ("before-first-apply", _UPDATE),
    (CREATE_MANAGER, _UPDATE),
    ("pulumi-kubernetes.exe", _UPDATE),
    ("pulumi-resource-kubernetes", _UPDATE),
)


def _entries(live: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(metadata(live).get("managedFields") or [])


def was_created_without_apply(live: Mapping[str, Any]) -> bool:
    """Whether this provider created the object and has not applied anything to it since."""
    return any(
        entry.get("operation") == _UPDATE
        and str(entry.get("manager")) in (CREATE_MANAGER, "pulumi-resource-kubernetes")
        for entry in _entries(live)
    )


def has_none(live: Mapping[str, Any]) -> bool:
    return not _entries(live)


def take_over(live: Mapping[str, Any], manager: str) -> list[dict[str, Any]] | None:
    """A JSON patch that gives `manager` the fields of kubectl and of this provider's creations.

    `None` if there are none to take over.
    """
    entries = _entries(live)
    taken = [entry for entry in entries if _is_taken_over(entry)]
    if not taken:
        return None
    own = [entry for entry in entries if _is_own(entry, manager)]
    fields: dict[str, Any] = {}
    for entry in [*own, *taken]:
        _merge(fields, entry.get("fieldsV1") or {})
    merged = {**taken[0], **(own[0] if own else {})}
    merged |= {"manager": manager, "operation": _APPLY, "fieldsV1": fields}
    others = [entry for entry in entries if entry not in taken and entry not in own]
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": [merged, *others]},
        {
            "op": "replace",
            "path": "/metadata/resourceVersion",
            "value": metadata(live)["resourceVersion"],
        },
    ]


def _is_taken_over(entry: Mapping[str, Any]) -> bool:
    key = (str(entry.get("manager")), str(entry.get("operation")))
    return key in _TAKEN_OVER and not entry.get("subresource")


def _is_own(entry: Mapping[str, Any], manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == _APPLY


def _merge(target: dict[str, Any], source: Mapping[str, Any]) -> None:
    for key, value in source.items():
        _merge(target.setdefault(key, {}), value)


def keep_ignored(
    manifest: Manifest, live: Mapping[str, Any], manager: str, paths: Sequence[Sequence[str | int]]
) -> Manifest:
    """The inputs for an update that leaves the ignored paths as they are in the cluster.

    A field that others manage is left out, so that it stays theirs; any other gets its live value.
    Paths into lists are left alone, as in the official provider.
    """
    result = copy.deepcopy(manifest)
    for path in paths:
        if not path or not all(isinstance(key, str) for key in path):
            continue
        owners = {entry.get("manager") for entry in _entries(live) if _has(entry, path)}
        value = _get(live, path)
        if owners and manager not in owners:
            _remove(result, path)
        elif value is not None:
            _set(result, path, value)
    return result


def _has(entry: Mapping[str, Any], path: Sequence[str | int]) -> bool:
    fields: Any = entry.get("fieldsV1") or {}
    for key in path:
        fields = fields.get(f"f:{key}")
        if fields is None:
            return False
    return True


def _get(value: Any, path: Sequence[str | int]) -> Any:
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def _remove(manifest: Manifest, path: Sequence[str | int]) -> None:
    parent = _get(manifest, path[:-1])
    if isinstance(parent, dict):
        parent.pop(path[-1], None)


def _set(manifest: Manifest, path: Sequence[str | int], value: Any) -> None:
    parent: Any = manifest
    for key in path[:-1]:
        parent = parent.setdefault(key, {})
        if not isinstance(parent, dict):
            return
    parent[path[-1]] = value
