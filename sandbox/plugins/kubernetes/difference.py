"""Differences between an object in the state and new inputs, by property path.

The live object, cut down to the inputs it was made from, is compared with the new inputs, so that
drift that a refresh has seen counts and what the API server added does not. Source:
pulumi/pulumi-kubernetes, `provider/pkg/provider/provider.go` (`Diff`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.plugins import property_diff
from sandbox.plugins.kubernetes import inputs, naming, replacement
from sandbox.plugins.kubernetes.objects import Manifest, Path, metadata, prune, with_metadata
from sandbox.plugins.kubernetes.options import Options
from sandbox.plugins.property_diff import Kind


@dataclass(frozen=True)
class Difference:
    """What `Diff` answers: changes by property path, and those of them that replace the object."""

    changes: dict[str, Kind] = field(default_factory=dict)
    replaces: list[str] = field(default_factory=list)
    delete_before_replace: bool = False


def compare(
    old_inputs: Manifest,
    live: Manifest,
    new_inputs: Manifest,
    *,
    namespaced: bool,
    options: Options,
    ignored: Sequence[Path] = (),
) -> Difference:
    """Compare an object in the state with new inputs."""
    old = prune(inputs.normalize(live), inputs.normalize(old_inputs))
    new = inputs.normalize(new_inputs)
    old, new = (_with_namespace(manifest, namespaced) for manifest in (old, new))
    old.setdefault("apiVersion", new.get("apiVersion"))
    old.setdefault("kind", new.get("kind"))
    if metadata(new).get("name"):
        old = with_metadata(old, name=metadata(live).get("name"))

    immutable = replacement.immutable_fields(new, options)
    changes: dict[str, Kind] = {}
    replaces: list[str] = []
    for path, kind in property_diff.diff(old, new).items():
        keys = parse_path(path)
        if any(_covers(ignore, keys) for ignore in ignored):
            continue
        changes[path] = kind
        if path == "metadata" or replacement.forces_replacement(keys, _at(new, keys), immutable):
            replaces.append(path)
    return Difference(changes, replaces, bool(replaces) and _keeps_its_name(new, live))


def _keeps_its_name(new: Manifest, live: Manifest) -> bool:
    return (
        naming.is_named(new)
        and not naming.is_autonamed(new)
        and metadata(new).get("name") == metadata(live).get("name")
        and metadata(new).get("namespace") == metadata(live).get("namespace")
    )


def _with_namespace(manifest: Manifest, namespaced: bool) -> Manifest:
    if namespaced:
        return with_metadata(manifest, namespace=metadata(manifest).get("namespace") or "default")
    return with_metadata(manifest, namespace=None)


def _at(value: Any, path: Iterable[str | int]) -> Any:
    for key in path:
        if isinstance(value, Mapping) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return None
    return value


def _covers(ignored: Path, path: Path) -> bool:
    return len(ignored) <= len(path) and all(
        pattern in ("*", key) for pattern, key in zip(ignored, path, strict=False)
    )


def parse_path(path: str) -> Path:
    """The keys and indices of a property path; `*` stands for itself.

    >>> parse_path('spec.ports[0].name'), parse_path('metadata.annotations["a.b/c"]')
    (('spec', 'ports', 0, 'name'), ('metadata', 'annotations', 'a.b/c'))
    """
    keys: list[str | int] = []
    position = 0
    while position < len(path):
        if path[position] == ".":
            position += 1
        elif path.startswith('["', position):
            end = position + 2
            while path[end] != '"' or path[end - 1] == "\\":
                end += 1
            keys.append(path[position + 2 : end].replace('\\"', '"'))
            position = end + 2
        elif path[position] == "[":
            end = path.index("]", position)
            index = path[position + 1 : end]
            keys.append(int(index) if index.isdigit() else index)
            position = end + 1
        else:
            end = position
            while end < len(path) and path[end] not in ".[":
                end += 1
            keys.append(path[position:end])
            position = end
    return tuple(keys)
