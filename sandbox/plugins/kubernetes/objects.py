"""Kubernetes objects as plain mappings: their kind, annotations, identity and shape.

An object here is a manifest with every `Secret` opened; `UNKNOWN` may stand for any value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Manifest = dict[str, Any]
Path = tuple[str | int, ...]

AUTONAMED: Final = "pulumi.com/autonamed"
SKIP_AWAIT: Final = "pulumi.com/skipAwait"
TIMEOUT_SECONDS: Final = "pulumi.com/timeoutSeconds"
REPLACE_UNREADY: Final = "pulumi.com/replaceUnready"
PATCH_FORCE: Final = "pulumi.com/patchForce"
PATCH_FIELD_MANAGER: Final = "pulumi.com/patchFieldManager"
DELETION_PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"

_READ_ONLY_METADATA: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
_USER_KEYED: Final = frozenset(
    "annotations binaryData data labels limits matchLabels nodeSelector requests stringData".split()
)


def group_of(manifest: Mapping[str, Any]) -> str:
    """The API group, `""` for the core group."""
    group, slash, _ = str(manifest.get("apiVersion", "")).partition("/")
    return group if slash and group != "core" else ""


def metadata(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metadata, empty while they are absent or unknown."""
    value = manifest.get("metadata")
    return value if isinstance(value, Mapping) else {}


def annotation(manifest: Mapping[str, Any], key: str) -> str:
    """An annotation's value, `""` while it is absent or unknown."""
    annotations = metadata(manifest).get("annotations")
    value = annotations.get(key) if isinstance(annotations, Mapping) else None
    return value if isinstance(value, str) else ""


def with_metadata(manifest: Manifest, **fields: Any) -> Manifest:
    """A copy with these metadata fields set; unknown metadata stay as they are."""
    current = manifest.get("metadata") or {}
    if not isinstance(current, Mapping):
        return manifest
    return {**manifest, "metadata": {**current, **fields}}


def without_read_only(manifest: Manifest) -> Manifest:
    """A copy without the metadata that only the API server writes."""
    current = manifest.get("metadata")
    if not isinstance(current, Mapping):
        return manifest
    kept = {key: value for key, value in current.items() if key not in _READ_ONLY_METADATA}
    return {**manifest, "metadata": kept}


def object_id(manifest: Mapping[str, Any]) -> str:
    """The resource's ID: `namespace/name`, or `name` alone outside namespaces."""
    namespace, name = metadata(manifest).get("namespace"), metadata(manifest)["name"]
    return f"{namespace}/{name}" if namespace else str(name)


def parse_id(identifier: str) -> tuple[str, str]:
    """The namespace (or `""`) and the name in a resource's ID."""
    namespace, _, name = identifier.rpartition("/")
    return namespace, name


def prune(live: Any, shape: Any, key: str | int = "") -> Any:
    """The live value cut down to what `shape`, the inputs it was made from, has.

    An empty value (`false`, 0, `""`, `{}`, `[]`) that the API server dropped counts as still
    there, except in maps whose keys are the user's own.
    """
    if isinstance(live, Mapping) and isinstance(shape, Mapping):
        kept = {name: prune(live[name], shape[name], name) for name in shape if name in live}
        if key not in _USER_KEYED:
            for name, value in shape.items():
                if name not in live and value in (False, 0, "", {}, []):
                    kept[name] = value
        return kept
    if isinstance(live, list) and isinstance(shape, list):
        return [prune(item, other) for item, other in zip(live, shape, strict=False)]
    return live


def annotation_warnings(manifest: Mapping[str, Any], *, hooks: bool) -> list[str]:
    """What to warn the user of in an object's annotations; of Helm hooks only if asked to."""
    annotations = metadata(manifest).get("annotations")
    if not isinstance(annotations, Mapping):
        return []
    warnings: list[str] = []
    if AUTONAMED in annotations:
        warnings.append(f'ignoring user-specified value for internal annotation "{AUTONAMED}"')
    values = [str(value) for key, value in annotations.items() if key.startswith("helm.sh/hook")]
    if hooks and any("test" in value for value in values):
        warnings.append(
            "This resource contains Helm hooks that are not currently supported by Pulumi. The "
            "resource will be created, but any hooks will not be executed. Hooks support is "
            "tracked at https://github.com/pulumi/pulumi-kubernetes/issues/555 -- This warning can "
            "be disabled by setting the PULUMI_K8S_SUPPRESS_HELM_HOOK_WARNINGS environment variable"
        )
    return warnings
